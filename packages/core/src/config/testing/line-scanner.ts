/**
 * A naive reader of YAML files for tests that check provenance: it goes through a file line by line, by
 * indentation, and shares nothing with the parser of the engine. It knows block maps and lists, flow
 * collections on one line, quotes, comments and tags. What it does not know (blocks with `|` and `>`, values
 * over several lines, anchors) it lists under {@link Scan.unknown}, so that a test can count it.
 */

/** A single value that a file writes: its place, counted from 1, and its text without quotes. */
export interface ScannedLeaf {
  readonly path: readonly string[];
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** What a file says, as far as the scanner understands it. Paths are joined by NUL characters. */
export interface Scan {
  readonly leaves: ReadonlyMap<string, ScannedLeaf>;
  readonly tags: ReadonlyMap<string, string>;
  /** The number of items of each list. */
  readonly lists: ReadonlyMap<string, number>;
  readonly maps: ReadonlySet<string>;
  /** The lines that it does not understand. */
  readonly unknown: readonly number[];
}

/** The text under which {@link Scan} keeps a path. */
export function scanKey(path: readonly string[]): string {
  return path.join("\0");
}

interface Frame {
  readonly indent: number;
  readonly list: boolean;
  readonly path: readonly string[];
  next: number;
}

/** Scans a file. */
export function scanLines(text: string): Scan {
  const scanner = new LineScanner();
  for (const [index, line] of text.split("\n").entries()) scanner.line(line, index + 1);
  return scanner.finish();
}

class LineScanner {
  readonly #leaves = new Map<string, ScannedLeaf>();
  readonly #tags = new Map<string, string>();
  readonly #lists = new Map<string, number>();
  readonly #maps = new Set<string>();
  readonly #unknown: number[] = [];
  readonly #frames: Frame[] = [];
  /** A key or dash whose value is not on its line. */
  #open: { readonly path: readonly string[]; readonly line: number; readonly column: number } | undefined;
  #line = 0;

  line(text: string, number: number): void {
    const content = text.trim();
    if (content === "" || content.startsWith("#")) return;
    this.#line = number;
    this.#entry(text, text.length - text.trimStart().length);
  }

  finish(): Scan {
    this.#close();
    return {
      leaves: this.#leaves,
      tags: this.#tags,
      lists: this.#lists,
      maps: this.#maps,
      unknown: this.#unknown,
    };
  }

  #entry(text: string, at: number): void {
    const dash = /^-(?: +|$)/u.exec(text.slice(at));
    const key = dash === null ? readKey(text, at) : undefined;
    if (dash === null && key === undefined) {
      this.#unknown.push(this.#line);
      return;
    }
    const frame = this.#frameAt(at, dash !== null);
    if (dash !== null) {
      const path = [...frame.path, String(frame.next)];
      frame.next += 1;
      this.#lists.set(scanKey(frame.path), frame.next);
      const rest = at + dash[0].length;
      const startsMap = readKey(text, rest) !== undefined && !"\"'[{!".includes(text.charAt(rest));
      if (startsMap) {
        this.#open = { path, line: this.#line, column: at + 1 };
        this.#entry(text, rest);
      } else this.#value(text, rest, path, at);
      return;
    }
    if (key !== undefined) this.#value(text, key.end, [...frame.path, key.name], at);
  }

  /** The map or list that an entry at an indentation belongs to. */
  #frameAt(indent: number, list: boolean): Frame {
    const ends = (frame: Frame): boolean =>
      frame.indent > indent || (frame.indent === indent && frame.list && !list);
    while (this.#frames.some((frame, index) => index === this.#frames.length - 1 && ends(frame)))
      this.#frames.pop();
    const top = this.#frames.at(-1);
    if (top !== undefined && top.indent === indent && top.list === list) {
      this.#close();
      return top;
    }
    const frame = { indent, list, path: this.#open?.path ?? [], next: 0 };
    if (!list) this.#maps.add(scanKey(frame.path));
    this.#open = undefined;
    this.#frames.push(frame);
    return frame;
  }

  /** An open key that nothing followed is null. */
  #close(): void {
    if (this.#open === undefined) return;
    const { path, line, column } = this.#open;
    this.#leaves.set(scanKey(path), { path, line, column, text: "null" });
    this.#open = undefined;
  }

  #value(text: string, from: number, path: readonly string[], keyAt: number): void {
    const flow = new FlowReader(text, from);
    const tag = flow.tag();
    if (tag !== undefined) this.#tags.set(scanKey(path), tag.text);
    if (flow.done) {
      this.#open = { path, line: this.#line, column: (tag?.at ?? keyAt) + 1 };
      return;
    }
    if (/^[|>&*]/u.test(text.slice(flow.at))) {
      this.#unknown.push(this.#line);
      return;
    }
    this.#flowValue(flow, path, false);
    if (!flow.done) this.#unknown.push(this.#line);
  }

  #flowValue(flow: FlowReader, path: readonly string[], inside: boolean): void {
    const tag = flow.tag();
    if (tag !== undefined) this.#tags.set(scanKey(path), tag.text);
    if (flow.take("{")) {
      this.#maps.add(scanKey(path));
      while (!flow.take("}") && !flow.done) {
        const keyAt = flow.at;
        const name = flow.scalar(true).text;
        if (!flow.take(":")) break;
        if (/^[,}]/u.test(flow.rest)) this.#leaf(path, name, keyAt, "null");
        else this.#flowValue(flow, [...path, name], true);
        flow.take(",");
      }
    } else if (flow.take("[")) {
      let index = 0;
      while (!flow.take("]") && !flow.done) {
        this.#flowValue(flow, [...path, String(index)], true);
        index += 1;
        flow.take(",");
      }
      this.#lists.set(scanKey(path), index);
    } else {
      const { text, at } = flow.scalar(inside);
      this.#leaves.set(scanKey(path), { path, line: this.#line, column: at + 1, text });
    }
  }

  #leaf(path: readonly string[], name: string, at: number, text: string): void {
    this.#leaves.set(scanKey([...path, name]), {
      path: [...path, name],
      line: this.#line,
      column: at + 1,
      text,
    });
  }
}

/** A key with its colon at an offset of a line. */
function readKey(text: string, at: number): { readonly name: string; readonly end: number } | undefined {
  const match = /^(?:"([^"]*)"|'([^']*)'|([^\s"'#[\]{},!-][^\s:]*)):(?: +|$)/u.exec(text.slice(at));
  if (match === null) return undefined;
  return { name: match[1] ?? match[2] ?? match[3] ?? "", end: at + match[0].length };
}

/** Reads values within one line. */
class FlowReader {
  at: number;
  readonly #text: string;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
    this.#skip();
  }

  get rest(): string {
    return this.#text.slice(this.at);
  }

  get done(): boolean {
    return this.at >= this.#text.length || this.rest.startsWith("#");
  }

  take(mark: string): boolean {
    if (!this.rest.startsWith(mark)) return false;
    this.at += mark.length;
    this.#skip();
    return true;
  }

  tag(): { readonly text: string; readonly at: number } | undefined {
    const tag = /^![a-z]*(?= |$)/u.exec(this.rest)?.[0];
    if (tag === undefined) return undefined;
    const { at } = this;
    this.take(tag);
    return { text: tag, at };
  }

  scalar(inside: boolean): { readonly text: string; readonly at: number } {
    const { at } = this;
    const quoted = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/u.exec(this.rest)?.[0];
    if (quoted !== undefined) {
      this.take(quoted);
      const text = quoted.startsWith('"')
        ? (JSON.parse(quoted) as string)
        : quoted.slice(1, -1).replaceAll("''", "'");
      return { text, at };
    }
    const plain = inside ? /^(?:[^,[\]{}:]|:(?! ))+/u : /^.+?(?= #|$)/u;
    const text = plain.exec(this.rest)?.[0] ?? this.rest;
    this.take(text);
    return { text: text.trim(), at };
  }

  #skip(): void {
    while (this.#text[this.at] === " ") this.at += 1;
  }
}
