import { LotseError } from "../../kernel/index.ts";
import type { PolicyRun } from "../model.ts";
import { reportFormats, type ReportFormat, type ReportOptions } from "./format.ts";
import { renderHtml } from "./html/index.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import { renderMarkdown } from "./markdown.ts";
import { renderOscal } from "./oscal.ts";
import { renderSarif } from "./sarif.ts";

export { groupResults, isFinding, type ResultGroup } from "./order.ts";
export { evidencedText, placeText, requirementText, scopeText, sentence } from "./text.ts";
export { endingOf, reportFormats, type ReportFormat, type ReportOptions } from "./format.ts";

const renderers: Readonly<Record<ReportFormat, (run: PolicyRun, options: ReportOptions) => string>> = {
  json: renderJson,
  sarif: renderSarif,
  oscal: renderOscal,
  junit: renderJunit,
  markdown: renderMarkdown,
  html: renderHtml,
};

/**
 * Reads the name of a form.
 *
 * @throws LotseError `policy.report` for a name that is none
 */
export function reportFormatOf(name: string): ReportFormat {
  const format = reportFormats.find((one) => one === name);
  if (format !== undefined) return format;
  throw new LotseError({
    code: "policy.report",
    message: `there is no report form "${name.slice(0, 80)}"`,
    hint: `use ${reportFormats.slice(0, -1).join(", ")} or ${reportFormats.at(-1)}`,
  });
}

/**
 * Writes a run as a report. The same run and options give the same text.
 *
 * @param format - one of {@link reportFormats}
 * @throws LotseError `policy.report` for a form that there is not
 */
export function renderReport(run: PolicyRun, format: string, options: ReportOptions): string {
  const shown =
    options.includeSuppressed === false
      ? { ...run, results: run.results.filter(({ status }) => status !== "waived") }
      : run;
  return renderers[reportFormatOf(format)](shown, options);
}
