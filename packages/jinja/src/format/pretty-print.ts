import { compareValues } from "../values/compare.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Dict } from "../values/dict.ts";
import { PythonError } from "../errors.ts";
import { type Value, typeName } from "../values/object.ts";
import { repr, reprString } from "../values/repr.ts";
import { Tuple } from "../values/tuple.ts";

/** Characters a line may have, as in Python's pprint. */
const lineWidth = 80;

/** A value over several lines where one is too short, dictionaries sorted: Python's `pformat`. */
export function prettyPrint(value: Value, runtime: Runtime): string {
  return runtime.budget.nested("a value", () => print(value, 0, 0, runtime));
}

function sortedEntries(dict: Dict, { budget }: Runtime): (readonly [Value, Value])[] {
  const entries = [...dict.entries()];
  budget.charge(entries.length * (1 + Math.log2(entries.length + 1)));
  return entries.sort(([a], [b]) => {
    try {
      return compareValues(a, b, "<", budget);
    } catch (error) {
      // Keys without an order go by the names of their types.
      if (!(error instanceof PythonError)) throw error;
      return typeName(a) < typeName(b) ? -1 : 1;
    }
  });
}

/** The text on one line, dictionaries sorted. */
function flat(value: Value, runtime: Runtime): string {
  runtime.budget.charge(2);
  if (value instanceof Dict) {
    return runtime.budget.nested("a value", () => {
      const parts = sortedEntries(value, runtime).map(
        ([key, item]) => `${flat(key, runtime)}: ${flat(item, runtime)}`,
      );
      return charged(`{${parts.join(", ")}}`, runtime);
    });
  }
  if (Array.isArray(value)) {
    return runtime.budget.nested("a value", () =>
      charged(`[${value.map((item) => flat(item, runtime)).join(", ")}]`, runtime),
    );
  }
  return repr(value, runtime.budget);
}

function charged(text: string, runtime: Runtime): string {
  runtime.budget.chargeText(text.length);
  return text;
}

function print(value: Value, indent: number, allowance: number, runtime: Runtime): string {
  const line = flat(value, runtime);
  runtime.budget.chargeText(line.length);
  if (line.length <= lineWidth - indent - allowance) return line;
  if (value instanceof Dict && value.size() > 0) {
    const entries = sortedEntries(value, runtime);
    const parts = entries.map(([key, item], i) => {
      const head = `${repr(key, runtime.budget)}: `;
      const rest = i === entries.length - 1 ? allowance + 1 : 1;
      return head + nested(item, indent + 1 + head.length, rest, runtime);
    });
    return `{${parts.join(`,\n${" ".repeat(indent + 1)}`)}}`;
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : [];
  if (items.length === 0) {
    if (typeof value !== "string") return line;
    runtime.budget.charge(value.length * 5);
    return wrapString(value, indent, allowance);
  }
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["(", items.length === 1 ? ",)" : ")"];
  const parts = items.map((item, i) =>
    nested(item, indent + 1, i === items.length - 1 ? allowance + close.length : 1, runtime),
  );
  return open + parts.join(`,\n${" ".repeat(indent + 1)}`) + close;
}

function nested(value: Value, indent: number, allowance: number, runtime: Runtime): string {
  return runtime.budget.nested("a value", () => print(value, indent, allowance, runtime));
}

/** A long text as several literals, broken after white space. */
function wrapString(text: string, indent: number, allowance: number): string {
  const quote = reprString;
  const atTop = indent === 0;
  const start = atTop ? 1 : indent;
  const lines: string[] = [];
  let current = "";
  const words = text.match(/\S*\s*/g)?.filter((word) => word !== "") ?? [];
  words.forEach((word, i) => {
    const room = lineWidth - start - (i === words.length - 1 ? allowance + (atTop ? 1 : 0) : 0);
    if (current !== "" && quote(current + word).length > room) {
      lines.push(current);
      current = "";
    }
    current += word;
    if (word.endsWith("\n")) {
      lines.push(current);
      current = "";
    }
  });
  if (current !== "") lines.push(current);
  if (lines.length === 1) return quote(lines[0] ?? "");
  const joined = lines.map(quote).join(`\n${" ".repeat(start)}`);
  return atTop ? `(${joined})` : joined;
}
