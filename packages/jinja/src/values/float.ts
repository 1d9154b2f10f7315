import { type HashKey, PyObject, type Value } from "./object.ts";
import { formatFloatRepr } from "./float-repr.ts";

/** A float of integral value (`1.0`), kept apart from the integer `1`. Other floats are plain numbers. */
export class Float extends PyObject {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }

  override get typeName(): string {
    return "float";
  }

  override repr(): string {
    return formatFloatRepr(this.value);
  }

  override truthy(): boolean {
    return this.value !== 0;
  }

  override hashKey(): HashKey {
    return this.value === 0 ? 0 : this.value;
  }

  /** For the host: `JSON.stringify` prints the number. */
  toJSON(): number {
    return this.value;
  }
}

/** The float value for a JavaScript number: boxed only where it would look like an integer. */
export function makeFloat(value: number): number | Float {
  return Number.isSafeInteger(value) ? new Float(value) : value;
}

/** The number behind a float; `undefined` if `value` is not one. */
export function floatOf(value: Value): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? undefined : value;
  return value instanceof Float ? value.value : undefined;
}
