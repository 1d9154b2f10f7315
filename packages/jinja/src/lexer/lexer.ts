import { TemplateSyntaxError } from "../errors.ts";
import { stripEnd } from "../values/text.ts";
import { decodeString, parseNumber } from "./literals.ts";
import type { SyntaxOptions, SyntaxPatterns } from "./syntax.ts";
import type { Token, TokenType } from "./tokens.ts";

/** A syntax error at an offset; the parser adds line and column. */
export class LexError extends TemplateSyntaxError {
  readonly position: number;
  /** It parses, but means nothing: a `TemplateAssertionError`. */
  readonly assertion: boolean;

  constructor(message: string, position: number, assertion = false) {
    super(message);
    this.position = position;
    this.assertion = assertion;
  }
}

/** Line ends become `\n`, and the one at the end goes unless it is to be kept. */
export function normalizeSource(source: string, syntax: SyntaxOptions): string {
  const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
  return !syntax.keepTrailingNewline && text.endsWith("\n") ? text.slice(0, -1) : text;
}

/**
 * Splits a normalised source into tokens; ends with one `eof`.
 * @throws {@link LexError} for a tag that is not closed or a character that cannot be.
 */
export function tokenize(source: string, syntax: SyntaxOptions, patterns: SyntaxPatterns): readonly Token[] {
  return new Lexer(source, syntax, patterns).run();
}

type TagKind = "raw" | "comment" | "block" | "variable" | "lineStatement" | "lineComment";
const tagKinds: readonly TagKind[] = ["raw", "comment", "block", "variable", "lineStatement", "lineComment"];

const code =
  /(?<space>\s+)|(?<float>(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+))|(?<integer>0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*)|(?<name>[\p{ID_Start}_]\p{ID_Continue}*)|(?<string>'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*")|(?<operator>\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;])/uy;

const closers: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

class Lexer {
  readonly #source: string;
  readonly #syntax: SyntaxOptions;
  readonly #patterns: SyntaxPatterns;
  readonly #tokens: Token[] = [];
  readonly #code = new RegExp(code.source, code.flags);
  #position = 0;
  #lineStarting = true;

  constructor(source: string, syntax: SyntaxOptions, patterns: SyntaxPatterns) {
    this.#source = source;
    this.#syntax = syntax;
    this.#patterns = patterns;
  }

  run(): readonly Token[] {
    for (;;) {
      const match = this.#find(this.#patterns.root);
      if (match === null) break;
      this.#tag(match);
    }
    this.#data(this.#source.slice(this.#position));
    this.#push("eof", "", this.#source.length);
    return this.#tokens;
  }

  #find(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#source);
  }

  #push(type: TokenType, text: string, position: number): void {
    this.#tokens.push({ type, text, position });
  }

  #data(text: string): void {
    if (text === "") return;
    const { newlineSequence } = this.#syntax;
    const lines = newlineSequence === "\n" ? text : text.replaceAll("\n", newlineSequence);
    this.#push("data", lines, this.#position);
  }

  #advance(end: number): void {
    if (end > this.#position) this.#lineStarting = this.#source[end - 1] === "\n";
    this.#position = end;
  }

  /** The text before a tag, less what the tag's sign or `lstripBlocks` takes away. */
  #stripped(text: string, sign: string | undefined, variable: boolean): string {
    if (sign === "-") return stripEnd(text);
    if (sign === "+" || variable || !this.#syntax.lstripBlocks) return text;
    const lineStart = text.lastIndexOf("\n") + 1;
    if (lineStart === 0 && !this.#lineStarting) return text;
    return /^\s*$/.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
  }

  #tag(match: RegExpExecArray): void {
    const groups = match.groups ?? {};
    const kind = tagKinds.find((name) => groups[name] !== undefined) ?? "block";
    const text = this.#source.slice(this.#position, match.index);
    this.#data(this.#stripped(text, groups[`${kind}Sign`], kind === "variable"));
    const start = match.index;
    this.#advance(start + match[0].length);
    switch (kind) {
      case "raw":
        return this.#raw(start);
      case "comment":
        return this.#comment(start);
      case "lineComment": {
        const end = this.#source.indexOf("\n", this.#position);
        return this.#advance(end === -1 ? this.#source.length : end);
      }
      case "variable":
        this.#push("variable_begin", match[0], start);
        return this.#inside(this.#patterns.variableEnd, "variable_end");
      case "block":
        this.#push("block_begin", match[0], start);
        return this.#inside(this.#patterns.blockEnd, "block_end");
      case "lineStatement":
        this.#push("block_begin", match[0], start);
        return this.#inside(this.#patterns.lineStatementEnd, "block_end");
    }
  }

  #raw(start: number): void {
    const end = this.#find(this.#patterns.rawEnd);
    if (end === null) throw new LexError("Missing end of raw directive", start);
    const text = this.#source.slice(this.#position, end.index);
    this.#data(this.#stripped(text, end[1], false));
    this.#advance(end.index + end[0].length);
  }

  #comment(start: number): void {
    const end = this.#find(this.#patterns.commentEnd);
    if (end === null) throw new LexError("Missing end of comment tag", start);
    this.#advance(end.index + end[0].length);
  }

  #inside(end: RegExp, endType: TokenType): void {
    const open: string[] = [];
    for (;;) {
      const match = open.length === 0 ? this.#find(end) : null;
      if (match !== null) {
        this.#push(endType, match[0], this.#position);
        return this.#advance(this.#position + match[0].length);
      }
      if (this.#position >= this.#source.length) return;
      this.#codeToken(open);
    }
  }

  #codeToken(open: string[]): void {
    const position = this.#position;
    const match = this.#find(this.#code);
    if (match === null) {
      const char = this.#source.slice(position, position + 1);
      throw new LexError(`unexpected char ${JSON.stringify(char)}`, position);
    }
    const groups = match.groups ?? {};
    const text = match[0];
    if (groups["operator"] !== undefined) {
      this.#balance(text, open);
      this.#push("operator", text, position);
    } else if (groups["name"] !== undefined) {
      this.#push("name", text, position);
    } else if (groups["string"] !== undefined) {
      this.#push("string", this.#string(text.slice(1, -1), position), position);
    } else if (groups["space"] === undefined) {
      this.#tokens.push({ type: "number", text, value: parseNumber(text), position });
    }
    this.#advance(position + text.length);
  }

  #string(text: string, position: number): string {
    try {
      const { newlineSequence } = this.#syntax;
      return decodeString(newlineSequence === "\n" ? text : text.replaceAll("\n", newlineSequence));
    } catch (error) {
      throw error instanceof TemplateSyntaxError ? new LexError(error.message, position) : error;
    }
  }

  #balance(operator: string, open: string[]): void {
    const closer = closers.get(operator);
    if (closer !== undefined) open.push(closer);
    if (!")]}".includes(operator)) return;
    const expected = open.pop();
    if (expected === operator) return;
    const hint = expected === undefined ? "" : `, expected '${expected}'`;
    throw new LexError(`unexpected '${operator}'${hint}`, this.#position);
  }
}
