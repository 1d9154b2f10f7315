import { unreachable } from "../errors.ts";
import type { CompareOperator } from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import type { OperatorInterceptor } from "../runtime/runtime.ts";
import { type BinaryOperator, binary, unary } from "../values/arithmetic.ts";
import { compareValues, equals } from "../values/compare.ts";
import { contains } from "../values/contains.ts";
import type { Value } from "../values/object.ts";
import type { Compilation, ExprCode } from "./compilation.ts";

const safe = Number.isSafeInteger;

/** An arithmetic operator; sums and differences of small integers take a short way. */
export function compileBinary(
  operator: BinaryOperator,
  left: ExprCode,
  right: ExprCode,
  position: number,
  unit: Compilation,
): ExprCode {
  const general = (frame: Frame, a: Value, b: Value): Value => {
    try {
      return binary(operator, a, b, frame.runtime.budget);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
  const intercept = unit.environment.interceptor("binary", operator);
  if (intercept !== undefined) {
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      return intercepted(intercept, frame, [a, b], position, unit, () => general(frame, a, b));
    };
  }
  if (operator === "+") {
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      if (typeof a === "number" && typeof b === "number") {
        const sum = a + b;
        if (safe(a) && safe(b) && safe(sum)) return sum;
      }
      return general(frame, a, b);
    };
  }
  if (operator === "-") {
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      if (typeof a === "number" && typeof b === "number") {
        const difference = a - b;
        if (safe(a) && safe(b) && safe(difference)) return difference;
      }
      return general(frame, a, b);
    };
  }
  return (frame) => general(frame, left(frame), right(frame));
}

/** What the host makes of an operator, or else what `otherwise` does. */
function intercepted(
  intercept: OperatorInterceptor,
  frame: Frame,
  operands: readonly Value[],
  position: number,
  unit: Compilation,
  otherwise: () => Value,
): Value {
  let decided: Value | undefined;
  try {
    decided = intercept(frame.runtime, operands);
  } catch (error) {
    return unit.rethrow(error, position);
  }
  return decided === undefined ? otherwise() : decided;
}

/** `-value` and `+value`. */
export function compileUnary(
  sign: "-" | "+",
  operand: ExprCode,
  position: number,
  unit: Compilation,
): ExprCode {
  const intercept = unit.environment.interceptor("unary", sign);
  const general = (value: Value): Value => {
    try {
      return unary(sign, value);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
  if (intercept === undefined) return (frame) => general(operand(frame));
  return (frame) => {
    const value = operand(frame);
    return intercepted(intercept, frame, [value], position, unit, () => general(value));
  };
}

/** Code of one comparison. */
export type Comparison = (frame: Frame, left: Value, right: Value) => boolean;

/** A comparison operator of a chain. */
export function compileComparison(
  operator: CompareOperator,
  position: number,
  unit: Compilation,
): Comparison {
  const decide = comparison(operator);
  return (frame, left, right) => {
    try {
      return decide(frame, left, right);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function comparison(operator: CompareOperator): Comparison {
  switch (operator) {
    case "==":
      return (frame, a, b) => equals(a, b, frame.runtime.budget);
    case "!=":
      return (frame, a, b) => !equals(a, b, frame.runtime.budget);
    case "in":
      return (frame, a, b) => contains(b, a, frame.runtime.budget);
    case "not in":
      return (frame, a, b) => !contains(b, a, frame.runtime.budget);
    case "<":
      return (frame, a, b) => compareValues(a, b, operator, frame.runtime.budget) < 0;
    case "<=":
      return (frame, a, b) => compareValues(a, b, operator, frame.runtime.budget) <= 0;
    case ">":
      return (frame, a, b) => compareValues(a, b, operator, frame.runtime.budget) > 0;
    case ">=":
      return (frame, a, b) => compareValues(a, b, operator, frame.runtime.budget) >= 0;
    default:
      return unreachable(operator);
  }
}
