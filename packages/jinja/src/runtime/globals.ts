import { RangeLimitError, typeError, valueError } from "../errors.ts";
import { updateDict } from "../methods/dict.ts";
import { Dict } from "../values/dict.ts";
import { textOf } from "../values/markup.ts";
import { Markup } from "../values/markup.ts";
import { Namespace } from "../values/namespace.ts";
import { intOf } from "../values/numbers.ts";
import { type Kwargs, PyObject, type Value, typeName } from "../values/object.ts";
import { Range } from "../values/range.ts";
import { Tuple } from "../values/tuple.ts";
import { isTruthy } from "../values/truth.ts";
import { Undefined } from "../values/undefined.ts";
import { Builtin, type BuiltinTable, builtinTable } from "./builtin.ts";
import type { Runtime } from "./runtime.ts";

function range(runtime: Runtime, args: readonly (Value | undefined)[]): Value {
  const bounds = args.map((arg) => {
    const int = intOf(arg ?? null);
    if (int !== undefined) return Number(int);
    if (arg instanceof Undefined) throw arg.error();
    throw typeError(`'${typeName(arg ?? null)}' object cannot be interpreted as an integer`);
  });
  const [first = 0, second, step = 1] = bounds;
  if (step === 0) throw valueError("range() arg 3 must not be zero");
  const result = second === undefined ? new Range(0, first, 1) : new Range(first, second, step);
  if (result.length > runtime.budget.limits.maxRange) {
    throw new RangeLimitError(runtime.budget.limits.maxRange);
  }
  return result;
}

function makeDict(
  runtime: Runtime,
  [source]: readonly (Value | undefined)[],
  kwargs: Kwargs | undefined,
): Dict {
  const dict = new Dict();
  updateDict(runtime, dict, source, kwargs);
  return dict;
}

/** `cycler('odd', 'even')`: goes round its items. */
class Cycler extends PyObject {
  readonly #items: readonly Value[];
  #position = 0;

  constructor(items: readonly Value[]) {
    super();
    this.#items = items;
  }

  override get typeName(): string {
    return "Cycler";
  }

  #next(): Value {
    const item = this.#items[this.#position] ?? null;
    this.#position = (this.#position + 1) % this.#items.length;
    return item;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "current":
        return this.#items[this.#position];
      case "pos":
        return this.#position;
      case "items":
        return new Tuple(this.#items);
      case "next":
        return new Builtin("next", "", () => this.#next());
      case "reset":
        return new Builtin("reset", "", () => {
          this.#position = 0;
          return null;
        });
      default:
        return undefined;
    }
  }
}

function joiner(separator: Value): Builtin {
  let used = false;
  return new Builtin("joiner", "", () => {
    if (used) return separator;
    used = true;
    return "";
  });
}

const words =
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua".split(
    " ",
  );

/** Placeholder text; the words are as random as the environment's seed. */
function lipsum(runtime: Runtime, [n, html, min, max]: readonly (Value | undefined)[]): Value {
  const number = (value: Value | undefined, otherwise: number): number =>
    Number(value === undefined ? otherwise : (intOf(value) ?? otherwise));
  const [low, high] = [number(min, 20), number(max, 100)];
  const paragraphs: string[] = [];
  for (let i = 0; i < number(n, 5); i += 1) {
    const count = low + Math.floor(runtime.nextRandom() * Math.max(1, high - low));
    runtime.budget.charge(10);
    runtime.budget.chargeItems(Math.max(1, count) * 3);
    const text = Array.from(
      { length: Math.max(1, count) },
      () => words[Math.floor(runtime.nextRandom() * words.length)],
    ).join(" ");
    paragraphs.push(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
  }
  if (!isTruthy(html === undefined ? true : html)) return paragraphs.join("\n\n");
  return new Markup(paragraphs.map((text) => `<p>${text}</p>`).join("\n"));
}

/** The functions that every template can call. */
export const defaultGlobals: BuiltinTable = builtinTable([
  ["range", "start stop? step?", range],
  ["dict", "source? **", makeDict],
  [
    "namespace",
    "source? **",
    (runtime, args, kwargs) => {
      const entries = [...makeDict(runtime, args, kwargs).entries()];
      return new Namespace(new Map(entries.map(([name, value]) => [textOf(name) ?? "", value])));
    },
  ],
  [
    "cycler",
    "*",
    (_runtime, args) => {
      if (args.length === 0) throw typeError("at least one item has to be provided");
      return new Cycler(args as Value[]);
    },
  ],
  ["joiner", "sep?", (_runtime, [separator = ", "]) => joiner(separator)],
  ["lipsum", "n? html? min? max?", lipsum],
]);
