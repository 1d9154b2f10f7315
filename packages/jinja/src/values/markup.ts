import type { Budget } from "../limits.ts";
import { compareStrings, equalTexts } from "./compare.ts";
import { type HashKey, PyObject, type ReprContext, type Value } from "./object.ts";
import { reprString } from "./repr.ts";
import { codePoints, textLength } from "./text.ts";

/** A string that is safe HTML already: autoescaping leaves it alone and operations on it escape. */
export class Markup extends PyObject {
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  override get typeName(): string {
    return "Markup";
  }

  override repr(context: ReprContext): string {
    context.budget.chargeText(this.text.length);
    return `Markup(${reprString(this.text)})`;
  }

  override str(): string {
    return this.text;
  }

  override toString(): string {
    return this.text;
  }

  override truthy(): boolean {
    return this.text !== "";
  }

  override size(): number {
    return textLength(this.text);
  }

  override iterate(budget: Budget): Iterator<Value> {
    return codePoints(this.text, budget)[Symbol.iterator]();
  }

  override equals(other: Value, budget: Budget): boolean | undefined {
    const text = textOf(other);
    return text === undefined ? undefined : equalTexts(text, this.text, budget);
  }

  override compare(other: Value, budget: Budget): number | undefined {
    const text = textOf(other);
    return text === undefined ? undefined : compareStrings(this.text, text, budget);
  }

  override hashKey(): HashKey {
    return this.text;
  }
}

/** The text of a string or Markup; `undefined` if `value` is neither. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.text : undefined;
}

const special = /[&<>'"]/g;

/** HTML-escapes the five special characters, with numbers for the quotes as MarkupSafe does. */
export function escapeText(text: string): string {
  return text.replace(special, escapeChar);
}

function escapeChar(char: string): string {
  switch (char) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case '"':
      return "&#34;";
    default:
      return "&#39;";
  }
}
