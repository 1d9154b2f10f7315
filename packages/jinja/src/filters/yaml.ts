import { DepthLimitError, typeError } from "../errors.ts";
import { maxValueDepth } from "../limits.ts";
import { yamlScalar } from "../output/yaml-scalar.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Bytes } from "../values/bytes.ts";
import { DateTime } from "../values/datetime.ts";
import { Dict } from "../values/dict.ts";
import { floatOf } from "../values/float.ts";
import { formatFloatRepr } from "../values/float-repr.ts";
import { textOf } from "../values/markup.ts";
import { intOf, intToText } from "../values/numbers.ts";
import { type Value, typeName } from "../values/object.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { intArgument, softText } from "./support.ts";

/** A scalar of YAML's core schema. @throws TypeError for what YAML has no form for */
function scalar(value: Value, runtime: Runtime): string {
  if (value instanceof Undefined) throw value.error();
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  const text = textOf(value);
  if (text !== undefined) {
    runtime.budget.chargeText(text.length);
    return yamlScalar(text);
  }
  const int = intOf(value);
  if (int !== undefined) return intToText(int, runtime.budget);
  const float = floatOf(value);
  if (float !== undefined) {
    if (Number.isNaN(float)) return ".nan";
    if (!Number.isFinite(float)) return float > 0 ? ".inf" : "-.inf";
    return formatFloatRepr(float).replace(/^(-?\d+)e/, "$1.0e");
  }
  if (value instanceof DateTime) return value.isoFormat("T");
  throw typeError(`Object of type ${typeName(value)} is not YAML serializable`);
}

function block(value: Value, indent: string, step: string, runtime: Runtime, depth: number): string {
  const { budget } = runtime;
  budget.charge(2);
  if (depth > maxValueDepth) throw new DepthLimitError("a value");
  if (value instanceof Dict) {
    if (value.size() === 0) return "{}";
    const lines = Array.from(value.entries(), ([key, item]) => {
      const body = block(item, indent + step, step, runtime, depth + 1);
      const nested = isBlock(item);
      return `${scalar(key, runtime)}:${nested ? `\n${indent}${step}` : " "}${body}`;
    });
    return joined(lines, indent, runtime);
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items === undefined) return scalar(value, runtime);
  if (items.length === 0) return "[]";
  const lines = items.map((item) => `- ${block(item, `${indent}  `, step, runtime, depth + 1)}`);
  return joined(lines, indent, runtime);
}

function isBlock(value: Value): boolean {
  if (value instanceof Dict) return value.size() > 0;
  return (Array.isArray(value) && value.length > 0) || (value instanceof Tuple && value.truthy());
}

function joined(lines: readonly string[], indent: string, runtime: Runtime): string {
  const size = lines.reduce((sum, line) => sum + line.length + indent.length + 1, 0);
  runtime.budget.chargeText(size);
  return lines.join(`\n${indent}`);
}

function base64(value: Value, runtime: Runtime): string {
  const bytes = value instanceof Bytes ? value.data : new TextEncoder().encode(softText(value, runtime));
  runtime.budget.chargeText(bytes.length * 2);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Filters beyond Jinja2's own, for configuration files. */
export const yamlFilters: BuiltinTable = builtinTable([
  [
    "to_yaml",
    "value indent?",
    (runtime, [value, indent]) => {
      const width = Math.min(Math.max(intArgument(indent, 2), 1), 16);
      return block(value ?? null, "", " ".repeat(width), runtime, 0);
    },
  ],
  [
    "quote",
    "value",
    (runtime, [value]) => {
      if (value instanceof Undefined) throw value.error();
      return JSON.stringify(softText(value, runtime)).replaceAll("\x7f", "\\x7f");
    },
  ],
  [
    "b64encode",
    "value",
    (runtime, [value]) => {
      if (value instanceof Undefined) throw value.error();
      return base64(value ?? null, runtime);
    },
  ],
]);
