import type { SourceText } from "../source-text.ts";
import { linesOf, lineMap, textNode, type Line } from "./lines.ts";
import type { CommentNode, MapEntry, MapNode } from "./parsed.ts";

/** The section of keys that stand before the first header. */
export const defaultSection = "DEFAULT";

/**
 * Parses the INI that sops reads (gopkg.in/ini.v1, https://ini.unknwon.io): sections, `key = value` or
 * `key: value`, comments with `#` or `;` on lines of their own or behind a value, values in quotes or backticks,
 * in `"""` over lines, and lines that go on behind `\`.
 *
 * @throws LotseError `secret.format` with line and column; also for a section or key that stands twice
 */
export function parseIniNodes(source: SourceText): MapNode {
  return new IniReader(source).read();
}

interface Section {
  readonly entry: MapEntry;
  readonly known: Set<string>;
}

class IniReader {
  readonly #source: SourceText;
  readonly #lines: readonly Line[];
  readonly #sections = new Map<string, Section>();
  #at = 0;
  #pending: Line[] = [];

  constructor(source: SourceText) {
    this.#source = source;
    this.#lines = linesOf(source.text);
  }

  read(): MapNode {
    let section = this.#open(defaultSection, 0);
    for (let line = this.#lines[this.#at]; line !== undefined; line = this.#lines[this.#at]) {
      this.#at += 1;
      const text = line.text.trim();
      if (text === "") continue;
      if (text.startsWith("#") || text.startsWith(";")) this.#pending.push(line);
      else if (text.startsWith("[")) section = this.#header(line, text);
      else this.#key(line, section);
    }
    return lineMap(
      [...this.#sections.values()].map(({ entry }) => entry),
      0,
      this.#source.text.length,
    );
  }

  #fail(message: string, line: Line, hint: string): Error {
    return this.#source.fail("secret.format", message, { offset: line.start, hint });
  }

  #open(name: string, start: number): Section {
    const value = lineMap([], start, start);
    const section = {
      entry: { kind: "entry", key: name, start, end: start, value } as const,
      known: new Set<string>(),
    };
    this.#sections.set(name, section);
    return section;
  }

  #header(line: Line, text: string): Section {
    const close = text.lastIndexOf("]");
    const name = close < 0 ? "" : text.slice(1, close).trim();
    const rest = text.slice(close + 1).trim();
    if (name === "" || (rest !== "" && !/^[#;]/u.test(rest)))
      throw this.#fail("a section has no name or no ]", line, "write [name]");
    const before = this.#sections.get(name);
    if (before !== undefined && (name !== defaultSection || before.known.size > 0)) {
      throw this.#fail(`the section ${JSON.stringify(name)} stands twice`, line, "put its keys together");
    }
    const section = this.#open(name, line.start);
    this.#comment(section);
    return section;
  }

  /** sops has the comment lines above a section or key as one comment. */
  #comment(section: Section): void {
    const [first] = this.#pending;
    const last = this.#pending.at(-1);
    if (first === undefined || last === undefined) return;
    const text = this.#pending.map((line) => line.text.trim()).join("\n");
    const start = first.start + first.text.indexOf(first.text.trim());
    const node: CommentNode = {
      kind: "comment",
      text: text.replace(/^(?:;[; ]*|#[# ]*)/u, ""),
      start,
      end: last.end,
    };
    (section.entry.value as MapNode).items.push(node);
    this.#pending = [];
  }

  #key(line: Line, section: Section): void {
    const found = keyOf(line.text);
    if (found === undefined || found.key === "") {
      throw this.#fail("a line is neither a comment nor KEY = VALUE", line, "write KEY = VALUE");
    }
    const { key } = found;
    if (section.known.has(key))
      throw this.#fail(`the key ${JSON.stringify(key)} stands twice`, line, "remove one");
    section.known.add(key);
    const { text, start, end } = this.#value(line, found.behind);
    const items = (section.entry.value as MapNode).items;
    // sops puts the comment of a key behind it.
    items.push({
      kind: "entry",
      key,
      start: line.start,
      end: this.#lines[this.#at - 1]?.end ?? end,
      value: textNode(text, start, end),
    });
    this.#comment(section);
  }

  #value(line: Line, offset: number): { text: string; start: number; end: number } {
    const raw = line.text.slice(offset);
    const lead = raw.length - raw.trimStart().length;
    const start = line.start + offset + lead;
    const text = raw.trim();
    const quote = text.length > 3 && text.startsWith('"""') ? '"""' : text.startsWith("`") ? "`" : undefined;
    if (quote !== undefined) return this.#quoted(line, start, quote);
    if (text.endsWith("\\"))
      throw this.#fail("a value goes on in the next line", line, 'put the value in """');
    const comment = text.search(/[#;]/u);
    if (comment >= 0)
      throw this.#fail(
        "a comment stands behind a value",
        line,
        "put it on a line of its own, or the value in `",
      );
    const inner = /^(["'])(.*)\1$/u.exec(text);
    return {
      text: text.length > 1 && inner !== null ? (inner[2] ?? "") : text,
      start,
      end: start + text.length,
    };
  }

  #quoted(line: Line, start: number, quote: string): { text: string; start: number; end: number } {
    const all = this.#source.text;
    const from = start + quote.length;
    const sameLine = all.slice(from, line.end).lastIndexOf(quote);
    const close = sameLine >= 0 ? from + sameLine : all.indexOf(quote, line.end);
    if (close < 0) throw this.#fail(`a value is not closed with ${quote}`, line, "close it");
    const end = close + quote.length;
    while ((this.#lines[this.#at - 1]?.end ?? all.length) < end) this.#at += 1;
    const lineEnd = this.#lines[this.#at - 1]?.end ?? all.length;
    if (all.slice(end, lineEnd).trim() !== "")
      throw this.#fail("something follows a closed value", line, "remove it");
    return { text: all.slice(from, close), start, end };
  }
}

/** The key of a line, which may be in quotes, and the offset behind its `=` or `:`. */
function keyOf(text: string): { readonly key: string; readonly behind: number } | undefined {
  const start = text.length - text.trimStart().length;
  const quote = ['"""', '"', "`"].find((mark) => text.startsWith(mark, start));
  if (quote === undefined) {
    const at = text.search(/[=:]/u);
    return at < 0 ? undefined : { key: text.slice(0, at).trim(), behind: at + 1 };
  }
  const close = text.indexOf(quote, start + quote.length);
  if (close < 0) return undefined;
  const rest = text.slice(close + quote.length);
  const gap = rest.length - rest.trimStart().length;
  if (rest[gap] !== "=" && rest[gap] !== ":") return undefined;
  const key = text.slice(start + quote.length, close).trim();
  return { key, behind: close + quote.length + gap + 1 };
}
