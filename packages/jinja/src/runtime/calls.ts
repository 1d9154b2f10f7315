import { typeError } from "../errors.ts";
import { Callable } from "../values/callable.ts";
import { type Kwargs, type Value, typeName } from "../values/object.ts";
import { Undefined } from "../values/undefined.ts";
import type { Runtime } from "./runtime.ts";

/** Calls a value. @throws UndefinedError or TypeError when it cannot be called, and what it throws. */
export function callValue(
  callee: Value,
  args: readonly Value[],
  kwargs: Kwargs | undefined,
  runtime: Runtime,
): Value {
  if (callee instanceof Callable) return callee.call(runtime, args, kwargs);
  if (callee instanceof Undefined) throw callee.error();
  throw typeError(`'${typeName(callee)}' object is not callable`);
}
