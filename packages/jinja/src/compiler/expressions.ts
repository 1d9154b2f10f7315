import { TemplateRuntimeError, typeError, unreachable } from "../errors.ts";
import type {
  AttributeNode,
  CallNode,
  CompareNode,
  ConditionNode,
  DictNode,
  Expr,
  FilterNode,
  NameNode,
  SliceNode,
  TestNode,
} from "../parser/nodes.ts";
import { getAttribute, getItem, methodOf } from "../runtime/attributes.ts";
import type { Builtin } from "../runtime/builtin.ts";
import { callValue } from "../runtime/calls.ts";
import type { Frame } from "../runtime/frame.ts";
import { HostFunction } from "../runtime/host.ts";
import { Dict } from "../values/dict.ts";
import { Markup, escapeText } from "../values/markup.ts";
import type { Value } from "../values/object.ts";
import { str } from "../values/repr.ts";
import { sliceValue } from "../values/slice.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { type ArgumentsCode, compileArguments } from "./arguments.ts";
import { type Compilation, type ExprCode, type Scope, readSlot } from "./compilation.ts";
import { compileBinary, compileComparison, compileUnary } from "./operators.ts";
import { compileCallContext } from "./targets.ts";

// Over 300 lines: one short function for each kind of expression.

/** Turns an expression into a function. @throws TemplateAssertionError for unknown filters and tests. */
export function compileExpr(node: Expr, scope: Scope, unit: Compilation): ExprCode {
  unit.weight += 1;
  const sub = (child: Expr): ExprCode => compileExpr(child, scope, unit);
  switch (node.type) {
    case "Const": {
      const { value } = node;
      return () => value;
    }
    case "Name":
      return compileName(node, scope, unit);
    case "Tuple": {
      const items = node.items.map(sub);
      return (frame) => new Tuple(items.map((item) => item(frame)));
    }
    case "List": {
      const items = node.items.map(sub);
      return (frame) => items.map((item) => item(frame));
    }
    case "Dict":
      return compileDict(node, sub, unit);
    case "Condition":
      return compileCondition(node, scope, unit);
    case "Filter":
      return compileFilter(node, scope, unit, undefined);
    case "Test":
      return compileTest(node, scope, unit);
    case "Call":
      return compileCall(node, scope, unit);
    case "Attribute":
      return compileAttribute(node, scope, unit);
    case "Item":
      return compileItem(sub(node.object), sub(node.key), node.position, unit);
    case "Slice":
      return compileSlice(node, scope, unit);
    case "Concat":
      return compileConcat(node.items.map(sub));
    case "Compare":
      return compileCompare(node, scope, unit);
    case "Binary":
      return compileBinary(node.operator, sub(node.left), sub(node.right), node.position, unit);
    case "And":
    case "Or":
      return compileLogic(node.type, sub(node.left), sub(node.right));
    case "Not": {
      const operand = sub(node.operand);
      return (frame) => !isTruthy(operand(frame));
    }
    case "Negative":
    case "Positive": {
      const sign = node.type === "Negative" ? "-" : "+";
      return compileUnary(sign, sub(node.operand), node.position, unit);
    }
    default:
      return unreachable(node);
  }
}

function compileDict(node: DictNode, sub: (child: Expr) => ExprCode, unit: Compilation): ExprCode {
  const pairs = node.pairs.map(({ key, value }) => [sub(key), sub(value)] as const);
  return (frame) =>
    located(unit, node.position, () => {
      const { budget } = frame.runtime;
      budget.charge(5);
      return Dict.of(
        pairs.map(([key, value]) => [key(frame), value(frame)]),
        budget,
      );
    });
}

/** `and` and `or`: one of the operands, the right one only when needed. */
function compileLogic(type: "And" | "Or", left: ExprCode, right: ExprCode): ExprCode {
  const wanted = type === "And";
  return (frame) => {
    const value = left(frame);
    return isTruthy(value) === wanted ? right(frame) : value;
  };
}

/** Runs `body`; an error gets the place. For code that is not hot: it costs a closure. */
function located<T>(unit: Compilation, position: number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    return unit.rethrow(error, position);
  }
}

function compileName(node: NameNode, scope: Scope, unit: Compilation): ExprCode {
  const { name } = node;
  const reference = scope.symbols.find(name);
  if (reference === undefined) {
    return unit.fail(`the name '${name}' was not analysed`, node.position);
  }
  const read = readSlot(scope.symbols.unit, reference);
  const { slot } = reference;
  if (reference.unit === scope.symbols.unit) {
    return (frame) => frame.slots[slot] ?? readNull(frame, frame.slots[slot], name);
  }
  return (frame) => {
    const value = read(frame);
    return value === undefined ? frame.runtime.undefined({ name }) : value;
  };
}

function readNull(frame: Frame, value: null | undefined, name: string): Value {
  return value === undefined ? frame.runtime.undefined({ name }) : value;
}

function compileCondition(node: ConditionNode, scope: Scope, unit: Compilation): ExprCode {
  // Filters and tests that nobody knows fail only when the branch is taken.
  const soft = { ...scope, soft: true };
  const test = compileExpr(node.test, soft, unit);
  const then = compileExpr(node.consequent, soft, unit);
  if (node.otherwise !== undefined) {
    const otherwise = compileExpr(node.otherwise, soft, unit);
    return (frame) => (isTruthy(test(frame)) ? then(frame) : otherwise(frame));
  }
  const { line } = unit.places.lineAndColumn(node.position);
  const hint = `the inline if-expression on line ${line} evaluated to false and no else section was defined.`;
  return (frame) => (isTruthy(test(frame)) ? then(frame) : new Undefined({ hint }));
}

function unknown(
  kind: "filter" | "test",
  node: FilterNode | TestNode,
  scope: Scope,
  unit: Compilation,
): ExprCode {
  const message = `No ${kind} named '${node.name}'${kind === "filter" || kind === "test" ? "." : ""}`;
  if (!scope.soft) unit.fail(message, node.position);
  return () => unit.rethrow(new TemplateRuntimeError(message), node.position);
}

/** A filter; `input` stands in where the node has none of its own. */
export function compileFilter(
  node: FilterNode,
  scope: Scope,
  unit: Compilation,
  input: ExprCode | undefined,
): ExprCode {
  const { position } = node;
  const filter = unit.environment.findFilter(node.name);
  const inner = node.input;
  const source =
    inner?.type === "Filter"
      ? compileFilter(inner, scope, unit, input)
      : inner === undefined
        ? input
        : compileExpr(inner, scope, unit);
  const args = compileArguments(node.call, (child) => compileExpr(child, scope, unit));
  if (filter === undefined) return unknown("filter", node, scope, unit);
  if (source === undefined) return unit.fail("a filter without input", position);
  return applyBuiltin(filter, source, args, position, unit);
}

function applyBuiltin(
  builtin: Builtin,
  source: ExprCode,
  args: ArgumentsCode,
  position: number,
  unit: Compilation,
): ExprCode {
  return (frame) => {
    try {
      const value = source(frame);
      return builtin.call(frame.runtime, args.positional(frame, value), args.named(frame));
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function compileTest(node: TestNode, scope: Scope, unit: Compilation): ExprCode {
  const source = compileExpr(node.input, scope, unit);
  if (node.name === "defined" && node.call.args.length === 0) {
    return (frame) => !(source(frame) instanceof Undefined);
  }
  const args = compileArguments(node.call, (child) => compileExpr(child, scope, unit));
  const test = unit.environment.findTest(node.name);
  if (test === undefined) return unknown("test", node, scope, unit);
  return applyBuiltin(test, source, args, node.position, unit);
}

function compileCall(node: CallNode, scope: Scope, unit: Compilation): ExprCode {
  const args = compileArguments(node.call, (child) => compileExpr(child, scope, unit));
  const { callee, position } = node;
  const call = compileInvoke(args, scope);
  if (callee.type === "Attribute") return compileMethodCall(callee, args, call, position, scope, unit);
  const code = compileExpr(callee, scope, unit);
  return (frame) => {
    const value = code(frame);
    try {
      return call(frame, value);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

/** Calls a value with the arguments. */
type Invoke = (frame: Frame, callee: Value) => Value;

function compileInvoke(args: ArgumentsCode, scope: Scope): Invoke {
  const contextOf = compileCallContext(scope);
  const invoke: Invoke = (frame, callee) =>
    callValue(callee, args.positional(frame), args.named(frame), frame.runtime);
  if (contextOf === undefined) return invoke;
  return (frame, callee) => {
    if (!(callee instanceof HostFunction && callee.wantsContext)) return invoke(frame, callee);
    const { runtime } = frame;
    return runtime.within(runtime.autoescape, contextOf(frame), () => invoke(frame, callee));
  };
}

/** `object.method(…)` without making a bound method first. */
function compileMethodCall(
  callee: AttributeNode,
  args: ArgumentsCode,
  call: Invoke,
  position: number,
  scope: Scope,
  unit: Compilation,
): ExprCode {
  unit.weight += 1;
  const object = compileExpr(callee.object, scope, unit);
  const { name } = callee;
  const immutable = unit.environment.immutable;
  return (frame) => {
    const { runtime } = frame;
    const self = object(frame);
    try {
      const method = immutable ? undefined : methodOf(self, name);
      if (method !== undefined) {
        return method.call(runtime, args.positional(frame, self), args.named(frame));
      }
      return call(frame, getAttribute(self, name, runtime));
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function compileAttribute(node: AttributeNode, scope: Scope, unit: Compilation): ExprCode {
  const object = compileExpr(node.object, scope, unit);
  const { name, position } = node;
  return (frame) => {
    const value = object(frame);
    try {
      return getAttribute(value, name, frame.runtime);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function compileItem(object: ExprCode, key: ExprCode, position: number, unit: Compilation): ExprCode {
  return (frame) => {
    const value = object(frame);
    const index = key(frame);
    try {
      return getItem(value, index, frame.runtime);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function compileSlice(node: SliceNode, scope: Scope, unit: Compilation): ExprCode {
  const object = compileExpr(node.object, scope, unit);
  const [start, stop, step] = [node.start, node.stop, node.step].map((part): ExprCode =>
    part === undefined ? () => null : compileExpr(part, scope, unit),
  ) as [ExprCode, ExprCode, ExprCode];
  return (frame) => {
    const value = object(frame);
    const parts = [start(frame), stop(frame), step(frame)] as const;
    try {
      return sliceValue(value, ...parts, frame.runtime.budget);
    } catch (error) {
      return unit.rethrow(error, node.position);
    }
  };
}

function compileConcat(items: readonly ExprCode[]): ExprCode {
  return (frame) => {
    const { budget, autoescape } = frame.runtime;
    const values = items.map((item) => item(frame));
    // With autoescaping, Markup anywhere makes the whole Markup and escapes the rest.
    const markup = autoescape && values.some((value) => value instanceof Markup);
    let text = "";
    for (const value of values) {
      const part = str(value, budget);
      text += markup && !(value instanceof Markup) ? escapeText(part) : part;
      budget.chargeText(text.length / 4);
    }
    if (markup) budget.charge(text.length / 8);
    budget.chargeText(text.length);
    return markup ? new Markup(text) : text;
  };
}

function compileCompare(node: CompareNode, scope: Scope, unit: Compilation): ExprCode {
  const first = compileExpr(node.first, scope, unit);
  const rest = node.rest.map(({ operator, operand }) => ({
    compare: compileComparison(operator, node.position, unit),
    operand: compileExpr(operand, scope, unit),
  }));
  const [only] = rest;
  if (only !== undefined && rest.length === 1) {
    const { compare, operand } = only;
    return (frame) => compare(frame, first(frame), operand(frame));
  }
  return (frame) => {
    let left = first(frame);
    for (const { compare, operand } of rest) {
      const right = operand(frame);
      if (!compare(frame, left, right)) return false;
      left = right;
    }
    return true;
  };
}

/** @throws TypeError when a value that must be a name is not one. */
export function requireText(value: Value, what: string): string {
  if (typeof value === "string") return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) throw value.error();
  throw typeError(`${what} must be a string`);
}
