import type { Budget } from "../limits.ts";
import { typeError } from "../errors.ts";
import type { HashKey, Value } from "./object.ts";

/** The key under which a dictionary files `value`; making it is booked. @throws TypeError for lists and dictionaries. */
export function hashKey(value: Value, budget: Budget | undefined): HashKey {
  if (value === null) return null;
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
      return value;
    case "number":
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
    case "boolean":
      return value ? 1 : 0;
    default:
      if (Array.isArray(value)) throw typeError("unhashable type: 'list'");
      return value.hashKey(budget);
  }
}
