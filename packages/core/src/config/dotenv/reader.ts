import { LotseError } from "../../kernel/index.ts";
import { isForbiddenKey } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";

/** One variable of a `.env` file. Offsets count UTF-16 units from the start of the text. */
export interface DotenvEntry {
  readonly name: string;
  readonly value: string;
  /** Where the value begins; at its quote where it has one. */
  readonly offset: number;
  readonly nameOffset: number;
  /** Whether `export ` stands before the name. */
  readonly exported: boolean;
}

/**
 * Reads a `.env` file in the dialect "lotse": what Node's `--env-file`, npm dotenv and POSIX sh
 * (2.2 Quoting) agree on, wherever a value allows it.
 *
 * - `NAME=value`, with `export ` before it or not; `#` lines and empty lines are skipped.
 * - A bare value ends with the line or before a blank and `#`, and is trimmed. Nothing in it is special.
 * - `'…'` is literal and may span lines.
 * - `"…"` may span lines and has the escapes `\n \r \" \\ \$` and, for sh, a backslash before a backtick;
 *   a backslash before anything else stays.
 *
 * Lines end with LF, CRLF or CR; inside quotes each of them is read as LF. Messages never quote the file,
 * which may hold secrets.
 *
 * @throws LotseError `dotenv.syntax` for a line without `=`, a bad name, an unclosed quote, text after a
 * closing quote and NUL; `parse.duplicate-key`; `parse.forbidden-key`
 */
export function parseDotenv(source: TextSource): readonly DotenvEntry[] {
  const { text } = source;
  const nul = text.indexOf("\0");
  if (nul >= 0) throw syntaxError(source, nul, "a NUL character", "no environment variable can hold one");
  const entries = new Map<string, DotenvEntry>();
  let at = 0;
  while (at < text.length) {
    const start = at + lengthOf(/[ \t\r\n]*/y, text, at);
    if (start >= text.length) break;
    if (text[start] === "#") {
      at = start + lengthOf(/[^\r\n]*/y, text, start);
      continue;
    }
    const { entry, end } = readEntry(source, start);
    checkName(source, entry, entries.get(entry.name));
    entries.set(entry.name, entry);
    at = end;
  }
  return [...entries.values()];
}

interface ReadValue {
  readonly value: string;
  readonly end: number;
}

function readEntry(source: TextSource, start: number): { readonly entry: DotenvEntry; readonly end: number } {
  const assignment = /(export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=[ \t]*/y;
  assignment.lastIndex = start;
  const match = assignment.exec(source.text);
  if (match === null) throw assignmentError(source, start);
  const offset = assignment.lastIndex;
  const { value, end } = readValue(source, offset);
  const nameOffset = start + (match[1]?.length ?? 0);
  const entry = { name: match[2] ?? "", value, offset, nameOffset, exported: match[1] !== undefined };
  return { entry, end };
}

function readValue(source: TextSource, start: number): ReadValue {
  switch (source.text[start]) {
    case "'":
      return readQuoted(source, start, source.text.indexOf("'", start + 1), (raw) => raw);
    case '"':
      return readQuoted(source, start, closingQuote(source.text, start), unescape);
    case "`":
      throw syntaxError(
        source,
        start,
        "a value in backticks",
        "use single or double quotes: sh runs what is between backticks",
      );
    default:
      return readBare(source.text, start);
  }
}

function readBare(text: string, start: number): ReadValue {
  const end = start + lengthOf(/[^\r\n]*/y, text, start);
  const line = text.slice(start, end);
  const blankBefore = text[start - 1] === " " || text[start - 1] === "\t";
  const comment = blankBefore && line.startsWith("#") ? 0 : line.search(/[ \t]#/u);
  const raw = comment < 0 ? line : line.slice(0, comment);
  return { value: raw.replace(/[ \t]+$/u, ""), end };
}

function readQuoted(
  source: TextSource,
  start: number,
  close: number,
  read: (raw: string) => string,
): ReadValue {
  const { text } = source;
  if (close < 0) throw syntaxError(source, start, "a quote that is never closed", "close it, or remove it");
  const tail = /(?:[ \t]+#[^\r\n]*|[ \t]*)(?=[\r\n]|$)/y;
  tail.lastIndex = close + 1;
  if (!tail.test(text)) {
    const at = close + 1 + lengthOf(/[ \t]*/y, text, close + 1);
    throw syntaxError(
      source,
      at,
      "text after a closing quote",
      "put the whole value into the quotes; a comment needs a blank before its #",
    );
  }
  const raw = text.slice(start + 1, close).replaceAll(/\r\n?/gu, "\n");
  return { value: read(raw), end: tail.lastIndex };
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

/** No `\t`: none of the readers knows it, and `"C:\temp"` has none. */
const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r" };

function unescape(raw: string): string {
  return raw.replaceAll(/\\([nr"\\$`])/gu, (_, letter: string) => controls[letter] ?? letter);
}

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function checkName(source: TextSource, entry: DotenvEntry, earlier: DotenvEntry | undefined): void {
  const where = source.where(entry.nameOffset);
  if (isForbiddenKey(entry.name)) {
    throw new LotseError({
      code: "parse.forbidden-key",
      message: `the name "${entry.name}" is not allowed`,
      hint: "choose another name",
      where,
    });
  }
  if (earlier === undefined) return;
  const first = source.where(earlier.nameOffset);
  throw new LotseError({
    code: "parse.duplicate-key",
    message: `${entry.name} is set in line ${where.line} and already in line ${first.line}`,
    hint: "keep one of the two; readers disagree on which one counts",
    where,
    related: [first],
  });
}

function assignmentError(source: TextSource, start: number): LotseError {
  const line = source.text.slice(start, start + lengthOf(/[^\r\n]*/y, source.text, start));
  if (!line.includes("=")) {
    return syntaxError(source, start, "a line without =", "write NAME=value, or # before a comment");
  }
  const good = lengthOf(/(?:export[ \t]+)?(?:[A-Za-z_][A-Za-z0-9_]*)?/y, source.text, start);
  return syntaxError(
    source,
    start + good,
    "a name that is none",
    "a name has letters, digits and _, no digit first, and no blank before =",
  );
}

function syntaxError(source: TextSource, offset: number, message: string, hint: string): LotseError {
  return new LotseError({ code: "dotenv.syntax", message, hint, where: source.where(offset) });
}
