import { DepthLimitError, PythonError, typeError, valueError } from "../errors.ts";
import type { BuiltinCode } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Dict } from "../values/dict.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import type { Value } from "../values/object.ts";
import { repr, reprString, str } from "../values/repr.ts";
import { formatSpec } from "./spec.ts";

/** `str.format` of a string or Markup. */
export const formatFields: BuiltinCode = (runtime, [self, ...args], kwargs) =>
  run(runtime, self ?? "", {
    args: args as Value[],
    named: (name) => kwargs?.get(name),
  });

/** `str.format_map` of a string or Markup. */
export const formatMapFields: BuiltinCode = (runtime, [self, mapping]) => {
  if (!(mapping instanceof Dict)) throw typeError("format_map() argument must be a mapping");
  return run(runtime, self ?? "", { args: [], named: (name) => mapping.get(name, runtime.budget) });
};

/** Where fields find their values. */
interface Fields {
  readonly args: readonly Value[];
  readonly named: (name: string) => Value | undefined;
}

function run(runtime: Runtime, self: Value, fields: Fields): Value {
  const formatter = new FieldFormatter(runtime, fields, self instanceof Markup);
  const text = formatter.format(textOf(self) ?? "", 2);
  return self instanceof Markup ? new Markup(text) : text;
}

/**
 * Python's format strings; attributes of fields go through the sandbox.
 * @see https://docs.python.org/3/library/string.html#format-string-syntax
 */
class FieldFormatter {
  readonly #runtime: Runtime;
  readonly #fields: Fields;
  readonly #escape: boolean;
  #automatic = 0;
  #manual = false;

  constructor(runtime: Runtime, fields: Fields, escape: boolean) {
    this.#runtime = runtime;
    this.#fields = fields;
    this.#escape = escape;
  }

  format(text: string, depth: number): string {
    if (depth < 0) throw valueError("Max string recursion exceeded");
    const { budget } = this.#runtime;
    let result = "";
    let position = 0;
    while (position < text.length) {
      const brace = text.slice(position).search(/[{}]/);
      const next = brace === -1 ? text.length : position + brace;
      result += text.slice(position, next);
      budget.chargeText(next - position);
      budget.charge((text.length - position) / 64);
      if (next === text.length) break;
      const char = text[next];
      if (text[next + 1] === char) {
        result += char;
        position = next + 2;
        continue;
      }
      if (char === "}") throw valueError("Single '}' encountered in format string");
      const end = fieldEnd(text, next + 1);
      result += this.#field(text.slice(next + 1, end), depth);
      budget.chargeText(result.length / 4);
      position = end + 1;
    }
    budget.chargeText(result.length);
    return result;
  }

  #field(field: string, depth: number): string {
    const { name, conversion, spec } = splitField(field);
    const value = this.#lookup(name);
    const format = spec.includes("{") ? this.format(spec, depth - 1) : spec;
    const { budget } = this.#runtime;
    const shown = conversion === undefined ? value : this.#convert(value, conversion);
    if (this.#escape && shown instanceof Markup) {
      if (format !== "") throw valueError("Unsupported format specification for Markup.");
      return shown.text;
    }
    const text = formatSpec(shown, format, budget);
    return this.#escape ? escapeText(text) : text;
  }

  #convert(value: Value, conversion: string): Value {
    const { budget } = this.#runtime;
    switch (conversion) {
      case "s":
        return str(value, budget);
      case "r":
        return repr(value, budget);
      case "a":
        return repr(value, budget).replace(/[^\0-\x7f]/gu, (char) => {
          const code = char.codePointAt(0) ?? 0;
          if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
          if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
          return `\\U${code.toString(16).padStart(8, "0")}`;
        });
      default:
        throw valueError(`Unknown conversion specifier ${conversion}`);
    }
  }

  #lookup(path: string): Value {
    const first = /^[^.[]*/.exec(path)?.[0] ?? "";
    let value = this.#first(first);
    const rest = path.slice(first.length);
    const step = /\.([^.[]*)|\[([^\]]*)\]/y;
    let end = 0;
    let depth = 0;
    for (let match = step.exec(rest); match !== null; match = step.exec(rest)) {
      depth += 1;
      if (depth > 100) throw new DepthLimitError("a format field");
      end = step.lastIndex;
      const [, attribute, key] = match;
      if (attribute === "" || key === "") throw valueError("Empty attribute in format string");
      value =
        attribute === undefined
          ? this.#element(value, key ?? "")
          : this.#runtime.environment.attributeOf(value, attribute, this.#runtime);
    }
    if (end !== rest.length) {
      throw valueError("Only '.' or '[' may follow ']' in format field specifier");
    }
    return value;
  }

  #element(value: Value, key: string): Value {
    const index = /^\d+$/.test(key) ? Number(key) : key;
    return this.#runtime.environment.elementOf(value, index, this.#runtime);
  }

  #first(name: string): Value {
    if (name === "" || /^\d+$/.test(name)) {
      const automatic = name === "";
      if (automatic ? this.#manual : this.#automatic > 0) {
        throw valueError("cannot switch between automatic and manual field numbering");
      }
      if (!automatic) this.#manual = true;
      const index = automatic ? this.#automatic++ : Number(name);
      const value = this.#fields.args[index];
      if (value === undefined) {
        throw new PythonError(
          "IndexError",
          `Replacement index ${index} out of range for positional args tuple`,
        );
      }
      return value;
    }
    const value = this.#fields.named(name);
    if (value === undefined) throw new PythonError("KeyError", reprString(name));
    return value;
  }
}

function fieldEnd(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i += 1) {
    const char = text[i];
    if (char === "{") depth += 1;
    if (char === "}") depth -= 1;
    if (depth === 0) return i;
  }
  throw valueError("expected '}' before end of string");
}

function splitField(field: string): { name: string; conversion: string | undefined; spec: string } {
  const match = /^((?:[^!:[]|\[[^\]]*\]?)*)(?:!([^:]*))?(?::([^]*))?$/.exec(field);
  const [, name = "", conversion, spec = ""] = match ?? [];
  if (match === null || (conversion !== undefined && conversion.length !== 1)) {
    throw valueError("expected ':' after conversion specifier");
  }
  if (/[{}]/.test(name)) throw valueError("unexpected '{' in field name");
  return { name, conversion, spec };
}
