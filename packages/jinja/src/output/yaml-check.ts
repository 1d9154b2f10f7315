import { SourcePlaces } from "../compiler/source-place.ts";
import { textOf } from "../values/markup.ts";
import type { SourceOf } from "./output-map.ts";
import type { Segment } from "./trace.ts";
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

/** Where in a line of YAML something stands. */
interface LineState {
  readonly quote: "'" | '"' | undefined;
  readonly comment: boolean;
  /** Nesting of `[` and `{`. */
  readonly flow: number;
  /** Nothing but indentation, `- ` and `key: ` before it. */
  readonly atStart: boolean;
}

/**
 * Looks at each value a template wrote into YAML. It reads the lines around, not the whole grammar:
 * a value inside of a block scalar or comment is left alone.
 */
export function checkYaml(
  output: string,
  segments: readonly Segment[],
  sourceOf: SourceOf,
): readonly YamlWarning[] {
  const warnings: YamlWarning[] = [];
  const blocks = blockScalarLines(output);
  for (const [i, segment] of segments.entries()) {
    const { expression } = segment;
    if (expression === undefined || safeFilters.has(expression.filter ?? "")) continue;
    if (textOf(expression.value) === undefined) continue;
    const end = segments[i + 1]?.start ?? output.length;
    const line = countLines(output, segment.start);
    if (blocks.has(line)) continue;
    const found = hazard(output, segment.start, end);
    if (found === undefined) continue;
    const places = new SourcePlaces(segment.template, sourceOf(segment.template));
    const place = places.lineAndColumn(segment.position);
    warnings.push({
      ...found,
      line,
      template: places.file,
      templateLine: place.line,
      templateColumn: place.column,
      paths: expression.paths,
    });
  }
  return warnings;
}

type Finding = Pick<YamlWarning, "hazard" | "message">;

function hazard(output: string, start: number, end: number): Finding | undefined {
  const text = output.slice(start, end);
  const lineStart = output.lastIndexOf("\n", start - 1) + 1;
  const state = lineState(output.slice(lineStart, start));
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
  const lineEnd = output.indexOf("\n", end);
  const after = output.slice(end, lineEnd === -1 ? undefined : lineEnd);
  const alone = /^\s*(?:$|#|[,\]}:])/.test(after);
  if (alone && !yamlResolvesToText(text)) {
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

function lineState(before: string): LineState {
  let quote: "'" | '"' | undefined;
  let flow = 0;
  let token = "";
  for (let i = 0; i < before.length; i += 1) {
    const char = before.charAt(i);
    if (quote !== undefined) {
      if (char === "\\" && quote === '"') i += 1;
      else if (char === quote) quote = undefined;
      continue;
    }
    if (char === "#" && (i === 0 || /\s/.test(before.charAt(i - 1)))) {
      return { quote, flow, comment: true, atStart: false };
    }
    if ((char === '"' || char === "'") && token.trim() === "") quote = char;
    if ((char === "[" || char === "{") && (token.trim() === "" || flow > 0)) {
      flow += 1;
      token = "";
    } else if ((char === "]" || char === "}") && flow > 0) flow -= 1;
    else if (
      (char === "," && flow > 0) ||
      (/\s/.test(char) && /[:-]$/.test(token) && (token.endsWith(":") || token.trim() === "-"))
    )
      token = "";
    else token += char;
  }
  return { quote, flow, comment: false, atStart: token.trim() === "" };
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
    const opens = /(?:^|[:-] )[|>][-+\d]*\s*(?:#.*)?$/.test(line);
    indent = opens ? depth : undefined;
  }
  return inside;
}

function countLines(output: string, end: number): number {
  let line = 1;
  for (let at = output.indexOf("\n"); at !== -1 && at < end; at = output.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}
