import { unreachable } from "../errors.ts";
import type { Value } from "../values/object.ts";

/** What a token is; delimiters of line statements come as those of blocks. */
export type TokenType =
  | "data"
  | "variable_begin"
  | "variable_end"
  | "block_begin"
  | "block_end"
  | "name"
  | "string"
  | "number"
  | "operator"
  | "eof";

/** A piece of the source. */
export interface Token {
  readonly type: TokenType;
  /** The text of data, names and operators; the decoded text of strings. */
  readonly text: string;
  /** Value of a number. */
  readonly value?: Value;
  /** Offset in the source with normalised line ends. */
  readonly position: number;
}

/** How a person calls the token, for error messages. */
export function describeToken(token: Token): string {
  switch (token.type) {
    case "data":
      return "template data / text";
    case "variable_begin":
      return "begin of print statement";
    case "variable_end":
      return "end of print statement";
    case "block_begin":
      return "begin of statement block";
    case "block_end":
      return "end of statement block";
    case "eof":
      return "end of template";
    case "number":
      return token.value !== undefined && typeof token.value === "object" ? "float" : "integer";
    case "string":
      return "string";
    case "name":
    case "operator":
      return token.text;
    default:
      return unreachable(token.type);
  }
}
