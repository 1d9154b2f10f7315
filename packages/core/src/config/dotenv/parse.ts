import { LotseError, type ErrorCode } from "../../kernel/index.ts";
import { isForbiddenKey } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";

/** One variable of a `.env` file. */
export interface DotenvEntry {
  readonly name: string;
  readonly value: string;
  /** Where the name begins. */
  readonly nameOffset: number;
  /** Where the value begins, at its quote if it has one. */
  readonly offset: number;
}

/**
 * Reads a `.env` file. The dialect is the part that Node's `--env-file`, the npm package dotenv and a POSIX
 * shell read alike, plus escapes in double quotes:
 *
 * - `NAME=value`, also after `export `; lines that begin with `#` and what follows ` #` are comments;
 * - `'…'` is taken as it is and may span lines;
 * - `"…"` may span lines; in it `\n`, `\r`, `\t`, `\"`, `\\`, `\$` and `` \` `` are escapes;
 * - nothing is expanded: `${…}` is a reference of Lotse's and stays as it is.
 *
 * @throws LotseError `dotenv.syntax`, `parse.duplicate-key`, `parse.forbidden-key` with a place
 */
export function parseDotenv(source: TextSource): readonly DotenvEntry[] {
  return new DotenvReader(source).read();
}

class DotenvReader {
  readonly #source: TextSource;
  readonly #text: string;
  readonly #seen = new Map<string, number>();
  #at = 0;

  constructor(source: TextSource) {
    this.#source = source;
    this.#text = source.text;
  }

  read(): readonly DotenvEntry[] {
    const entries: DotenvEntry[] = [];
    while (this.#skipToEntry()) entries.push(this.#entry());
    return entries;
  }

  #fail(code: ErrorCode, message: string, hint: string, offset: number, first?: number): LotseError {
    const related = first === undefined ? undefined : [this.#source.where(first)];
    return new LotseError({ code, message, hint, where: this.#source.where(offset), related });
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  /** Passes over white space and comments; false at the end of the file. */
  #skipToEntry(): boolean {
    this.#at += this.#match(/(?:\s+|#[^\r\n]*)*/uy)?.[0].length ?? 0;
    return this.#at < this.#text.length;
  }

  #entry(): DotenvEntry {
    this.#at += this.#match(/export[ \t]+/uy)?.[0].length ?? 0;
    const nameOffset = this.#at;
    const name = this.#match(/[A-Za-z_][A-Za-z0-9_]*(?=[ \t]*=)/uy)?.[0];
    if (name === undefined) {
      throw this.#fail("dotenv.syntax", "this is no NAME=value line", "write a name of letters, digits and underscores, then =", nameOffset);
    }
    this.#checkName(name, nameOffset);
    this.#at += name.length;
    this.#at += this.#match(/[ \t]*=[ \t]*/uy)?.[0].length ?? 0;
    const offset = this.#at;
    const quote = this.#text[offset];
    const value = quote === "'" || quote === '"' ? this.#quoted(quote) : this.#bare();
    if (value.includes("\0")) throw this.#fail("dotenv.syntax", "a value holds a NUL", "remove it", offset);
    return { name, value, nameOffset, offset };
  }

  #checkName(name: string, offset: number): void {
    const first = this.#seen.get(name);
    if (first !== undefined) {
      throw this.#fail("parse.duplicate-key", `the variable ${name} stands twice in this file`, "remove one of the two", offset, first);
    }
    if (isForbiddenKey(name)) {
      throw this.#fail("parse.forbidden-key", `the name ${name} is not allowed`, "it would reach into JavaScript's own objects", offset);
    }
    this.#seen.set(name, offset);
  }

  #bare(): string {
    const line = this.#match(/[^\r\n]*/uy)?.[0] ?? "";
    this.#at += line.length;
    return line.replace(/(?:^|[ \t])#.*$/u, "").trim();
  }

  #quoted(quote: "'" | '"'): string {
    const start = this.#at;
    const body = this.#match(quote === "'" ? /'([^']*)'/uy : /"((?:[^"\\]|\\[^])*)"/uy);
    if (body === null) {
      throw this.#fail("dotenv.syntax", `the quote ${quote} is not closed`, `close it with ${quote}`, start);
    }
    this.#at += body[0].length;
    const rest = this.#match(/[^\r\n]*/uy)?.[0] ?? "";
    if (!/^[ \t]*(?:[ \t]#.*)?$/u.test(rest)) {
      throw this.#fail("dotenv.syntax", "text follows the closing quote", "put all of the value inside the quotes", this.#at);
    }
    this.#at += rest.length;
    return quote === "'" ? (body[1] ?? "") : unescape(body[1] ?? "");
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

function unescape(text: string): string {
  return text.replaceAll(/\\([nrt"\\$`])/gu, (_, unit: string) => escapes.get(unit) ?? unit);
}
