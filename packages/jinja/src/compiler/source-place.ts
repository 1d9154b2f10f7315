import { DepthLimitError, JinjaError, SizeLimitError } from "../errors.ts";

/** Where offsets of one template are in terms of a person. */
export class SourcePlaces {
  /** Name of the template in messages. */
  readonly file: string;
  readonly source: string;
  #lineStarts: readonly number[] | undefined;

  constructor(name: string | undefined, source: string) {
    this.file = name ?? "<template>";
    this.source = source;
  }

  #starts(): readonly number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let at = this.source.indexOf("\n"); at !== -1; at = this.source.indexOf("\n", at + 1)) {
        starts.push(at + 1);
      }
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }

  /** Line and column, from 1, of an offset. */
  lineAndColumn(position: number): { line: number; column: number } {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: position - (starts[low] ?? 0) + 1 };
  }

  /** The error with its place filled in, where it has none yet. */
  annotate(error: unknown, position: number): unknown {
    const known = asJinjaError(error);
    if (known === undefined) return error;
    const { line, column } = this.lineAndColumn(position);
    const where = { file: this.file, line, column };
    if (known.where === undefined) {
      known.where = where;
      known.sourceLine = this.source.split("\n", line)[line - 1] ?? "";
      refreshStack(known);
    }
    for (const step of known.chain) {
      if (step.where === undefined) step.where = where;
    }
    return known;
  }
}

/** Errors of the JavaScript engine that a template can cause, as errors of ours. */
function asJinjaError(error: unknown): JinjaError | undefined {
  if (error instanceof JinjaError) return error;
  if (!(error instanceof RangeError)) return undefined;
  return error.message.includes("call stack")
    ? new DepthLimitError("the template")
    : new SizeLimitError("a value", 2 ** 29);
}

function refreshStack(error: JinjaError): void {
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  error.stack = [error.describe(), ...frames].join("\n");
}
