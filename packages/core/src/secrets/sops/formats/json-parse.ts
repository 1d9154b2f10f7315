import type { SopsLimits } from "../limits.ts";
import type { Plain } from "../model.ts";
import { canonical, formatFloat } from "../plain.ts";
import type { SourceText } from "../source-text.ts";
import type { ListItem, MapEntry, MapNode, Node, ScalarNode } from "./parsed.ts";

/**
 * Parses JSON (RFC 8259) into nodes that know their places; strictly, and a key twice is an error.
 *
 * @throws LotseError `secret.format` with line and column
 */
export function parseJsonNodes(source: SourceText, limits: SopsLimits): MapNode {
  return new JsonReader(source, limits).read();
}

class JsonReader {
  readonly #source: SourceText;
  readonly #text: string;
  readonly #limits: SopsLimits;
  readonly #numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/uy;
  readonly #wordPattern = /true|false|null/uy;
  #at = 0;

  constructor(source: SourceText, limits: SopsLimits) {
    this.#source = source;
    this.#text = source.text;
    this.#limits = limits;
  }

  read(): MapNode {
    this.#space();
    if (this.#text[this.#at] !== "{") {
      throw this.#fail(
        "the top of the file is not an object, and sops encrypts objects only",
        "put the value under a key",
      );
    }
    const root = this.#map(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#fail("something follows the object");
    return root;
  }

  #fail(message: string, hint = "correct the JSON at this place"): Error {
    return this.#source.fail("secret.format", message, { offset: this.#at, hint });
  }

  #space(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  #node(depth: number): Node {
    const unit = this.#text[this.#at];
    if (unit === "{") return this.#map(depth);
    if (unit === "[") return this.#list(depth);
    const start = this.#at;
    const plain = this.#scalar(unit);
    return this.#leaf(plain, start);
  }

  #leaf(plain: Plain, start: number): ScalarNode {
    return { kind: "scalar", plain, start, end: this.#at, flow: true, lead: "", indent: -1, anchored: false };
  }

  #scalar(unit: string | undefined): Plain {
    if (unit === '"') return { type: "str", bytes: Buffer.from(this.#string().toWellFormed()) };
    if (unit === "-" || (unit !== undefined && unit >= "0" && unit <= "9")) return this.#number();
    this.#wordPattern.lastIndex = this.#at;
    const word = this.#wordPattern.exec(this.#text)?.[0];
    if (word === undefined)
      throw this.#fail(unit === undefined ? "the file ends early" : "no JSON value begins here");
    this.#at += word.length;
    if (word === "null") return { type: "null", bytes: Buffer.alloc(0) };
    return { type: "bool", bytes: Buffer.from(word === "true" ? "True" : "False") };
  }

  /** Whole numbers of up to 64 bits stay whole; all others are floats. */
  #number(): Plain {
    this.#numberPattern.lastIndex = this.#at;
    const match = this.#numberPattern.exec(this.#text);
    if (match === null) throw this.#fail("a number is not well formed");
    this.#at = this.#numberPattern.lastIndex;
    const isWhole = match[1] === undefined && match[2] === undefined && match[0] !== "-0";
    const integer = isWhole ? canonical("int", Buffer.from(match[0])) : undefined;
    if (integer !== undefined) return integer;
    const value = Number(match[0]);
    if (!Number.isFinite(value)) throw this.#fail("a number is too large");
    return { type: "float", bytes: Buffer.from(formatFloat(value)) };
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit === 0x22) {
        this.#at = at + 1;
        return this.#decode(start, this.#at);
      }
      if (unit === 0x5c) at += 1;
      else if (unit < 0x20) break;
    }
    throw this.#fail("a text is not closed in its line");
  }

  #decode(start: number, end: number): string {
    const token = this.#text.slice(start, end);
    if (!token.includes("\\")) return token.slice(1, -1);
    try {
      return JSON.parse(token) as string;
    } catch {
      this.#at = start;
      throw this.#fail("a text has an escape that JSON does not know");
    }
  }

  #map(depth: number): MapNode {
    const start = this.#open(depth);
    const items: MapEntry[] = [];
    const known = new Set<string>();
    this.#space();
    while (this.#text[this.#at] !== "}") {
      const entryStart = this.#at;
      if (this.#text[this.#at] !== '"') throw this.#fail("a key in quotes or } is expected");
      const key = this.#string().toWellFormed();
      if (known.has(key)) {
        this.#at = entryStart;
        throw this.#fail(`the key ${JSON.stringify(key)} stands twice in this object`, "remove one");
      }
      known.add(key);
      this.#space();
      this.#expect(":");
      this.#space();
      const value = this.#node(depth + 1);
      items.push({ kind: "entry", key, start: entryStart, end: this.#at, value });
      this.#separator("}");
    }
    this.#at += 1;
    return { kind: "map", items, start, end: this.#at, flow: true, indent: -1 };
  }

  #list(depth: number): Node {
    const start = this.#open(depth);
    const items: ListItem[] = [];
    this.#space();
    while (this.#text[this.#at] !== "]") {
      const itemStart = this.#at;
      const value = this.#node(depth + 1);
      items.push({ kind: "item", start: itemStart, end: this.#at, value });
      this.#separator("]");
    }
    this.#at += 1;
    return { kind: "list", items, start, end: this.#at, flow: true, indent: -1 };
  }

  #open(depth: number): number {
    if (depth >= this.#limits.maxDepth) {
      throw this.#fail(
        `objects and lists are nested more than ${this.#limits.maxDepth} deep`,
        "flatten the structure",
      );
    }
    this.#at += 1;
    return this.#at - 1;
  }

  /** Goes over a comma, behind which another item has to stand. */
  #separator(close: string): void {
    this.#space();
    if (this.#text[this.#at] === close) return;
    this.#expect(",");
    this.#space();
    if (this.#text[this.#at] === close)
      throw this.#fail("a comma stands before the closing bracket", "remove it");
  }

  #expect(unit: string): void {
    if (this.#text[this.#at] !== unit) throw this.#fail(`${unit} is expected`);
    this.#at += 1;
  }
}
