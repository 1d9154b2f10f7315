import { LexError } from "../lexer/lexer.ts";
import { type Token, type TokenType, describeToken } from "../lexer/tokens.ts";

/** A cursor over tokens with the questions a parser asks. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The token at the cursor; stays at `eof`. */
  get current(): Token {
    return this.#at(this.#index);
  }

  /** The token after it. */
  look(): Token {
    return this.#at(this.#index + 1);
  }

  #at(index: number): Token {
    const token = this.#tokens[Math.min(index, this.#tokens.length - 1)];
    if (token === undefined) throw new LexError("no tokens", 0);
    return token;
  }

  /** Returns the current token and moves on. */
  next(): Token {
    const token = this.current;
    this.#index += 1;
    return token;
  }

  is(type: TokenType, text?: string): boolean {
    const token = this.current;
    return token.type === type && (text === undefined || token.text === text);
  }

  isName(...names: readonly string[]): boolean {
    return this.current.type === "name" && names.includes(this.current.text);
  }

  isOperator(text: string): boolean {
    return this.is("operator", text);
  }

  /** Whether the next token is that name. */
  looksAtName(name: string): boolean {
    const token = this.look();
    return token.type === "name" && token.text === name;
  }

  /** Moves past the token if it is that one; whether it was. */
  skipIf(type: TokenType, text: string): boolean {
    const found = this.is(type, text);
    if (found) this.#index += 1;
    return found;
  }

  /** @throws {@link LexError} when another token stands there. */
  expect(type: TokenType, text?: string): Token {
    if (this.is(type, text)) return this.next();
    const wanted = text ?? describeToken({ type, text: type, position: 0 });
    const token = this.current;
    if (token.type === "eof") {
      throw new LexError(`unexpected end of template, expected '${wanted}'.`, token.position);
    }
    throw new LexError(`expected token '${wanted}', got '${describeToken(token)}'`, token.position);
  }

  /** @throws {@link LexError} always, at the current token or at `position`. */
  fail(message: string, position = this.current.position): never {
    throw new LexError(message, position);
  }
}
