import { createHash } from "node:crypto";
import type { PolicyRun } from "../../model.ts";
import type { ReportOptions } from "../format.ts";
import { groupResults, isFinding } from "../order.ts";
import { count, defaultTitle, statusText } from "../text.ts";
import { findingsSection } from "./findings.ts";
import { html, trusted, type Markup } from "./markup.ts";
import { passedSections } from "./passed.ts";
import { reportScript } from "./script.ts";
import { reportStyle } from "./style.ts";
import { frameworkCards, tenantMatrix } from "./summary.ts";
import { trendSection } from "./trend.ts";

/**
 * Writes a run as one HTML file for people: it loads nothing, its styles and script are allowed by their
 * hashes alone, and without a script it shows everything.
 */
export function renderHtml(run: PolicyRun, options: ReportOptions): string {
  const title = options.title ?? defaultTitle;
  const titled = withTitles(run);
  const style = trusted(`<style>${reportStyle}</style>`);
  const script = trusted(`<script>${reportScript}</script>`);
  const policy = `default-src 'none'; style-src ${hashOf(reportStyle)}; script-src ${hashOf(reportScript)}; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the report</a>
        ${heading(run, options, title)}
        <main id="main" tabindex="-1">
          ${frameworkCards(run)} ${tenantMatrix(run)} ${trendSection(run, options)}
          ${findingsSection(groupResults(titled.results.filter(isFinding)))} ${passedSections(titled)}
        </main>
        <footer>
          <p>
            Written by Lotse ${options.version}. What a check cannot see is not in this report; whether
            anybody complies with a framework is for its auditor to say.
          </p>
        </footer>
        ${script}
      </body>
    </html> `.text;
}

/** The run with each framework's title in the place of its id, where people read it. */
function withTitles(run: PolicyRun): PolicyRun {
  const titles = new Map(run.summary.frameworks.map(({ framework, title }) => [framework, title]));
  const results = run.results.map((result) => ({
    ...result,
    requirements: result.requirements.map((one) => ({
      ...one,
      framework: titles.get(one.framework) ?? one.framework,
    })),
  }));
  return { ...run, results };
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function heading({ summary }: PolicyRun, { version }: ReportOptions, title: string): Markup {
  const { counts, ok } = summary;
  const shown = (["fail", "unknown", "manual", "waived", "pass", "not-applicable"] as const).filter(
    (status) => counts[status] > 0,
  );
  return html`<header class="top">
    <div class="top-in">
      <p class="brand">Lotse <span>policy</span></p>
      <h1>${title}</h1>
      <p class="meta">
        <time datetime="${summary.at}">${moment(summary.at)}</time> · ${count(summary.checks, "check")} ·
        ${count(summary.scopes, "environment of a tenant", "environments of tenants")} · Lotse
        ${version}${summary.strict ? " · strict: what is unknown counts as failed" : ""}
      </p>
      <p class="verdict ${ok ? "good" : "bad"}">
        ${ok ? "Nothing stands in the way" : "There is something to do"}
      </p>
      <ul class="tally" aria-label="Results by status">
        ${shown.map((status) => html`<li class="s-${status}"><strong>${counts[status]}</strong> ${statusText[status]}</li>`)}
      </ul>
    </div>
  </header>`;
}

/** `2026-11-21 06:40 UTC`, whatever the reader's machine is set to. */
function moment(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}
