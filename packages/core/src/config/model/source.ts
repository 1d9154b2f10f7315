import type { Where } from "../../kernel/index.ts";

/**
 * Where nodes come from: a file, the process environment, the command line. A node keeps only its source
 * and an offset; line and column are worked out when someone asks.
 */
export interface Source {
  /** The path in the workspace with forward slashes, or a label such as `--set`. */
  readonly file: string;
  /** The place of an offset that the source's own parser handed out. */
  where(offset: number): Where;
}

/** A source that is a text; offsets count UTF-16 units from its start. */
export class TextSource implements Source {
  readonly file: string;
  readonly text: string;
  #lineStarts: Uint32Array | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  where(offset: number): Where {
    this.#lineStarts ??= findLineStarts(this.text);
    const index = lastAtMost(this.#lineStarts, offset);
    return { file: this.file, line: index + 1, column: offset - (this.#lineStarts[index] ?? 0) + 1 };
  }
}

/** A source whose nodes each have a label of their own, such as one environment variable each. */
export class LabelledSource implements Source {
  readonly file: string;
  readonly #labels: string[] = [];

  constructor(file: string) {
    this.file = file;
  }

  /** Adds a label and returns the offset that stands for it. */
  add(label: string): number {
    return this.#labels.push(label) - 1;
  }

  where(offset: number): Where {
    return { file: this.#labels[offset] ?? this.file, line: 1, column: 1 };
  }
}

/** Offsets at which lines start; a line ends with LF, CRLF or a lone CR, as in YAML 1.2 section 5.4. */
function findLineStarts(text: string): Uint32Array {
  const starts = [0];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 10 || (unit === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1);
  }
  return Uint32Array.from(starts);
}

function lastAtMost(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
