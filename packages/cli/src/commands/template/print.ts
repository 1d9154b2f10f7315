import { lineOrigins, type DiffLine, type OutputPlan, type ScopeRendering } from "@lotse/core/app";
import type { PrintedTemplates } from "@lotse/core/contract";
import { LotseError } from "@lotse/core/kernel";
import type { Colours } from "../../context.ts";
import { printedDiagnostic } from "../../output/diagnostics.ts";
import { table } from "../../output/table.ts";

/** What is printed besides the files themselves. */
export interface PrintedParts {
  readonly plan?: OutputPlan;
  readonly writes?: boolean;
  /** Whether to tell where each line comes from. */
  readonly map?: boolean;
  /** The only line to tell it for. */
  readonly line?: number;
}

/**
 * Rendered templates as `--format json` prints them.
 *
 * @throws LotseError `usage.argument` for a line that no file has
 */
export function printedTemplates(rendering: ScopeRendering, parts: PrintedParts): PrintedTemplates {
  const { plan, writes = false, map = false, line } = parts;
  const { environment, tenant } = rendering.snapshot.scope;
  const longest = Math.max(...rendering.files.map((file) => file.map.length));
  if (line !== undefined && line > longest) {
    throw new LotseError({
      code: "usage.argument",
      message: `there is no line ${line}`,
      hint: `the text has ${longest} lines`,
    });
  }
  return {
    environment,
    tenant: tenant ?? null,
    directory: plan?.directory ?? null,
    files: rendering.files.map((file, index) => {
      const planned = plan?.files[index];
      const secret = typeof file.text !== "string";
      return {
        template: file.template,
        file: file.name,
        secret,
        status: planned?.status ?? null,
        written: writes && planned !== undefined && planned.status !== "unchanged",
        text: typeof file.text !== "string" || plan !== undefined ? null : file.text,
        diff: (planned?.diff ?? []).map(({ text }) => text),
        warnings: file.diagnostics.map(printedDiagnostic),
        ...(map ? { map: mapOf(rendering, file, line) } : {}),
      };
    }),
  };
}

type PrintedLine = NonNullable<PrintedTemplates["files"][number]["map"]>[number];

function mapOf(
  rendering: ScopeRendering,
  file: ScopeRendering["files"][number],
  line: number | undefined,
): PrintedLine[] {
  return lineOrigins(rendering, file)
    .filter((origin) => line === undefined || origin.line === line)
    .map((origin) => ({
      ...origin,
      values: origin.values.map((value) => ({
        path: value.path,
        layer: value.layer,
        file: value.file ?? "",
        line: value.line ?? 1,
        column: value.column ?? 1,
      })),
    }));
}

/** Where lines come from, as a table for each file. */
export function mapText({ files }: PrintedTemplates): string {
  return files
    .map(({ file, map = [] }) => {
      const rows = map.flatMap(({ line, template, templateLine, values }) => {
        const place = [String(line), `${template}:${templateLine}`];
        if (values.length === 0) return [place];
        return values.map((value, index) => [
          ...(index === 0 ? place : ["", ""]),
          value.path,
          value.layer,
          `${value.file}:${value.line}:${value.column}`,
        ]);
      });
      const title = files.length === 1 ? "" : `${file}\n`;
      return `${title}${table(["LINE", "TEMPLATE", "VALUE", "LAYER", "PLACE"], rows)}`;
    })
    .join("\n");
}

/** The diffs of all files that change. */
export function diffText({ files }: OutputPlan, colours: Colours): string {
  return files
    .flatMap(({ diff }) => diff)
    .map((line) => `${painted(line, colours)}\n`)
    .join("");
}

function painted({ kind, text }: DiffLine, colours: Colours): string {
  switch (kind) {
    case "file":
      return colours.bold(text);
    case "hunk":
      return colours.cyan(text);
    case "removed":
      return colours.red(text);
    case "added":
      return colours.green(text);
    case "context":
    case "note":
      return text;
    default:
      return kind satisfies never;
  }
}
