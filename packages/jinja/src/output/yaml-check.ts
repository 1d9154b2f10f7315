import { SourcePlaces } from "../compiler/source-place.ts";
import { textOf } from "../values/markup.ts";
import type { SourceOf } from "./output-map.ts";
import type { Segment } from "./trace.ts";
import { YamlLines } from "./yaml-lines.ts";
import { yamlResolvesToText } from "./yaml-scalar.ts";

/** What a value does to the document around it. */
export type YamlHazard =
  | "mapping"
  | "comment"
  | "newline"
  | "type"
  | "indicator"
  | "flow"
  | "quote"
  | "escape";

/** A value that changed the structure of a YAML document, or a text that reads as another type. */
export interface YamlWarning {
  readonly hazard: YamlHazard;
  readonly message: string;
  /** Line of the output, from 1. */
  readonly line: number;
  readonly template: string;
  readonly templateLine: number;
  readonly templateColumn: number;
  /** Leaves of the configuration the value came from. */
  readonly paths: readonly string[];
}

/** Filters whose output is YAML on purpose. */
const safeFilters: ReadonlySet<string> = new Set(["to_yaml", "tojson", "quote", "indent", "b64encode"]);

/**
 * Looks at each value a template wrote into YAML. It reads the lines around, not the whole grammar:
 * a value inside of a block scalar or comment is left alone. The first 1,000 findings are told.
 */
export function checkYaml(
  output: string,
  segments: readonly Segment[],
  sourceOf: SourceOf,
): readonly YamlWarning[] {
  const warnings: YamlWarning[] = [];
  const blocks = blockScalarLines(output);
  const reader = new YamlLines(output);
  const places = new Map<string | undefined, SourcePlaces>();
  for (const [i, segment] of segments.entries()) {
    if (warnings.length >= maxWarnings) break;
    const { expression } = segment;
    if (expression === undefined || safeFilters.has(expression.filter ?? "")) continue;
    if (textOf(expression.value) === undefined) continue;
    const end = segments[i + 1]?.start ?? output.length;
    reader.moveTo(segment.start);
    const { line } = reader;
    if (blocks.has(line)) continue;
    const found = hazard(output, segment.start, end, reader);
    if (found === undefined) continue;
    let source = places.get(segment.template);
    if (source === undefined) {
      source = new SourcePlaces(segment.template, sourceOf(segment.template));
      places.set(segment.template, source);
    }
    const place = source.lineAndColumn(segment.position);
    warnings.push({
      ...found,
      line,
      template: source.file,
      templateLine: place.line,
      templateColumn: place.column,
      paths: expression.paths,
    });
  }
  return warnings;
}

/** Nobody reads more of them, and a hostile template could make as many as it has output. */
const maxWarnings = 1000;

/** What comes after a value that stands alone; empty at the end of the line. */
const endsValue: ReadonlySet<string> = new Set(["", "#", ",", "]", "}", ":"]);

type Finding = Pick<YamlWarning, "hazard" | "message">;

function hazard(output: string, start: number, end: number, state: YamlLines): Finding | undefined {
  const text = output.slice(start, end);
  if (state.comment) {
    return text.includes("\n") ? finding("newline", "a newline ends the comment") : undefined;
  }
  if (state.quote !== undefined) return quotedHazard(text, state.quote);
  if (text.includes("\n")) {
    return finding("newline", "a newline in a plain value changes the structure; use quote or to_yaml");
  }
  const next = output.slice(end, end + 1);
  if (/: |:$/.test(text) && (/: /.test(text) || next === "" || next === "\n" || next === " ")) {
    return finding("mapping", "': ' makes the value a mapping; use quote or to_yaml");
  }
  if (/\s#/.test(text) || (state.atStart && text.startsWith("#"))) {
    return finding("comment", "' #' cuts the rest off as a comment; use quote or to_yaml");
  }
  if (state.flow > 0 && /[,[\]{}]/.test(text)) {
    return finding("flow", "',', brackets and braces split a flow value; use quote or to_yaml");
  }
  if (!state.atStart) return undefined;
  if (/^(?:[-?:](?:\s|$)|[&*!|>'"%@`[\]{},])/.test(text)) {
    return finding(
      "indicator",
      `${JSON.stringify(text.charAt(0))} at the start has a meaning of its own in YAML; use quote or to_yaml`,
    );
  }
  if (endsValue.has(state.nextSolid(end)) && !yamlResolvesToText(text)) {
    const shown = text === "" ? "an empty text" : `the text ${JSON.stringify(text)}`;
    return finding("type", `${shown} is read as another type; use quote or to_yaml`);
  }
  return undefined;
}

function quotedHazard(text: string, quote: "'" | '"'): Finding | undefined {
  if (text.includes("\n")) return finding("newline", "a newline in quotes is folded to a space");
  if (text.includes(quote))
    return finding("quote", `${quote} ends the quoted value; use quote instead of writing quotes`);
  if (quote === '"' && text.includes("\\")) {
    return finding(
      "escape",
      "a backslash in double quotes is an escape; use quote instead of writing quotes",
    );
  }
  return undefined;
}

function finding(hazardName: YamlHazard, message: string): Finding {
  return { hazard: hazardName, message };
}

/** Lines, from 1, inside of `|` and `>` scalars. */
function blockScalarLines(output: string): ReadonlySet<number> {
  const inside = new Set<number>();
  let indent: number | undefined;
  for (const [i, line] of output.split("\n").entries()) {
    const depth = line.length - line.trimStart().length;
    if (indent !== undefined && (line.trim() === "" || depth > indent)) {
      inside.add(i + 1);
      continue;
    }
    const opens = /(?:^|[:-] )[|>][-+\d]*\s*(?:#.*)?$/s.test(line);
    indent = opens ? depth : undefined;
  }
  return inside;
}
