import { SourcePlaces } from "../compiler/source-place.ts";
import type { Segment } from "./trace.ts";

/** Where one line of output comes from. */
export interface OutputLine {
  /** Line of the output, from 1. */
  readonly line: number;
  /** The template and its line that wrote the start of the line. */
  readonly template: string;
  readonly templateLine: number;
  /** Leaves of the configuration that filled it, in order. */
  readonly paths: readonly string[];
}

/** Finds the source of a template by name. */
export type SourceOf = (template: string | undefined) => string;

/** Builds the map from output lines to template lines. */
export function outputMap(
  output: string,
  segments: readonly Segment[],
  sourceOf: SourceOf,
): readonly OutputLine[] {
  const places = new Map<string | undefined, SourcePlaces>();
  const placeOf = (segment: Segment, offset: number): { file: string; line: number } => {
    let place = places.get(segment.template);
    if (place === undefined) {
      place = new SourcePlaces(segment.template, sourceOf(segment.template));
      places.set(segment.template, place);
    }
    // Text of the template moves through its lines; an expression stays on its own.
    const inside = segment.expression === undefined ? offset - segment.start : 0;
    const { line } = place.lineAndColumn(segment.position + inside);
    return { file: place.file, line };
  };
  const lines: OutputLine[] = [];
  let index = 0;
  let start = 0;
  for (const [i, text] of output.split("\n").entries()) {
    while ((segments[index + 1]?.start ?? Infinity) <= start) index += 1;
    const first = segments[index];
    const paths = new Set<string>();
    const end = start + text.length;
    for (let at = index; (segments[at]?.start ?? Infinity) <= end; at += 1) {
      const segment = segments[at];
      const until = segments[at + 1]?.start ?? output.length;
      if (until <= start && until !== segment?.start) continue;
      for (const path of segment?.expression?.paths ?? []) paths.add(path);
    }
    const place = first === undefined ? { file: "<template>", line: 1 } : placeOf(first, start);
    lines.push({ line: i + 1, template: place.file, templateLine: place.line, paths: [...paths] });
    start = end + 1;
  }
  return lines;
}
