/** Where a text stops being JSON, and why. */
export interface JsonProblem {
  readonly offset: number;
  readonly message: string;
}

const space = /[ \t\r\n]*/uy;
const escape = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/uy;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/** What may come next: a value, a key, what follows a value, or the end of an empty map or list. */
type Expected = "value" | "first-key" | "key" | "first-item" | "after";

/**
 * Finds the first place at which a text is not JSON (RFC 8259). `JSON.parse` tells no place for most
 * mistakes.
 *
 * @returns `undefined` for valid JSON
 */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = skip(space, text, 0);
  while (expected !== "after" || open.length > 0) {
    const inside = open.at(-1);
    const unit = text[at];
    if (unit === undefined) return { offset: at, message: "the text ends too early" };
    if (expected === "after") {
      if (unit === ",") expected = inside === "{" ? "key" : "value";
      else if (unit === (inside === "{" ? "}" : "]")) open.pop();
      else return { offset: at, message: `a comma or ${inside === "{" ? "}" : "]"} is missing` };
      at += 1;
    } else if ((expected === "first-key" && unit === "}") || (expected === "first-item" && unit === "]")) {
      open.pop();
      expected = "after";
      at += 1;
    } else if (expected === "first-key" || expected === "key") {
      const end = stringEnd(text, at);
      if (end === at) return { offset: at, message: "a key in double quotes is missing" };
      at = skip(space, text, end);
      if (text[at] !== ":") return { offset: at, message: "a colon is missing" };
      expected = "value";
      at += 1;
    } else if (unit === "{" || unit === "[") {
      open.push(unit);
      expected = unit === "{" ? "first-key" : "first-item";
      at += 1;
    } else {
      const end = unit === '"' ? stringEnd(text, at) : skip(word, text, at);
      if (end === at) return { offset: at, message: "there is no JSON value here" };
      expected = "after";
      at = end;
    }
    at = skip(space, text, at);
  }
  return at === text.length ? undefined : { offset: at, message: "something follows the value" };
}

/** Where a sticky pattern's match at an offset ends; the offset itself where it does not match. */
function skip(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}

/** Where the text in double quotes at an offset ends; the offset itself where there is none that is closed. */
function stringEnd(text: string, offset: number): number {
  if (text[offset] !== '"') return offset;
  for (let at = offset + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) return at + 1;
    if (unit < 0x20) return offset;
    if (unit === 0x5c) {
      const end = skip(escape, text, at);
      if (end === at) return offset;
      at = end - 1;
    }
  }
  return offset;
}
