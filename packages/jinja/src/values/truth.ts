import type { Value } from "./object.ts";

/** Python's `bool(value)`. @throws UndefinedError from a strict undefined. */
export function isTruthy(value: Value): boolean {
  if (value === null) return false;
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return value !== 0;
    case "bigint":
      return value !== 0n;
    case "string":
      return value !== "";
    default:
      return Array.isArray(value) ? value.length > 0 : value.truthy();
  }
}
