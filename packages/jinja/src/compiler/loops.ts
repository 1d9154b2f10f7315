import type { Expr, ForNode, Target } from "../parser/nodes.ts";
import { Frame } from "../runtime/frame.ts";
import { LoopContext } from "../runtime/loop.ts";
import { childPath } from "../runtime/host.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { iterate } from "../values/iterate.ts";
import { Markup } from "../values/markup.ts";
import type { Value } from "../values/object.ts";
import { isTruthy } from "../values/truth.ts";
import { analyzeBody, analyzeExpr, analyzeTarget, someStmt, undeclared } from "./analysis.ts";
import {
  type Compilation,
  type ExprCode,
  type Scope,
  type Signal,
  type StmtCode,
  enterScope,
  goOn,
  innerScope,
  leaveLoop,
} from "./compilation.ts";
import { compileExpr } from "./expressions.ts";
import { compileTarget, targetNames } from "./targets.ts";

/** The compiled parts of a loop. */
interface LoopParts {
  /** Slot of the variable `loop`; `undefined` = the body does not use it. */
  readonly loopSlot: number | undefined;
  /** Sets the variables of one turn and runs the body. */
  readonly turn: (frame: Frame, item: Value, path: string | undefined) => number;
  readonly otherwise: StmtCode | undefined;
  readonly filter: ((frame: Frame, items: Iterator<Value>) => Iterator<Value>) | undefined;
}

/** `{% for %}` */
export function compileFor(node: ForNode, scope: Scope, unit: Compilation): StmtCode {
  const before = unit.weight;
  const iterable = compileExpr(node.iterable, scope, unit);
  const weight = 1 + unit.weight - before;
  const { position } = node;
  if (node.recursive) return compileRecursive(node, iterable, scope, unit);
  const parts = compileParts(node, scope, unit);
  return (frame) => {
    const { budget, trace } = frame.runtime;
    budget.charge(weight);
    try {
      const source = iterable(frame);
      const path = trace?.pathOf(source);
      return runLoop(parts, frame, source, undefined, 0, path);
    } catch (error) {
      return unit.rethrow(error, position);
    }
  };
}

function runLoop(
  parts: LoopParts,
  frame: Frame,
  source: Value,
  recurse: ((iterable: Value, depth: number) => Value) | undefined,
  depth: number,
  path: string | undefined,
): Signal {
  const { budget } = frame.runtime;
  const { loopSlot, turn, filter, otherwise } = parts;
  let items = iterate(source, budget);
  if (filter !== undefined) items = filter(frame, items);
  const indexed = path !== undefined && Array.isArray(source) && filter === undefined;
  let count = 0;
  if (loopSlot === undefined) {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      budget.charge(1);
      const signal = turn(frame, next.value, indexed ? childPath(path, count) : undefined);
      count += 1;
      if (signal === leaveLoop) break;
    }
  } else {
    const loop = new LoopContext(filter === undefined ? source : null, items, frame.runtime, recurse, depth);
    for (let item = loop.advance(); item !== undefined; item = loop.advance()) {
      budget.charge(1);
      frame.slots[loopSlot] = loop;
      const signal = turn(frame, item, indexed ? childPath(path, count) : undefined);
      count += 1;
      if (signal === leaveLoop) break;
    }
  }
  if (count === 0) otherwise?.(frame);
  return goOn;
}

function compileParts(node: ForNode, scope: Scope, unit: Compilation): LoopParts {
  const usesLoop =
    node.recursive ||
    undeclared(node.body, ["loop"]).has("loop") ||
    someStmt(node.body, (inner) => inner.type === "Block" && inner.scoped);
  if (assignsLoop(node)) unit.fail("Can't assign to special loop variable in for-loop", node.position);
  const inner = innerScope(scope, { inLoop: true, tracked: new Set() });
  const loopSlot = usesLoop ? inner.symbols.declare("loop").slot : undefined;
  analyzeTarget(node.target, inner.symbols, true);
  analyzeBody(node.body, inner.symbols);
  const assign = compileTarget(node.target, inner, unit);
  const enter = enterScope(inner.symbols);
  const body = unit.body(node.body, inner);
  return {
    loopSlot,
    turn: (frame, item, path) => {
      assign(frame, item, path);
      enter?.(frame);
      return body(frame);
    },
    otherwise: compileElse(node, scope, unit),
    filter: node.test === undefined ? undefined : compileTest(node, node.test, scope, unit),
  };
}

/** Whether the loop or anything in it sets a variable `loop`. */
function assignsLoop(node: ForNode): boolean {
  const sets = (target: Target): boolean => targetNames(target).includes("loop");
  const inside = someStmt([...node.body, ...node.otherwise], (inner) => {
    if (inner.type === "With") return inner.targets.some(sets);
    return (
      (inner.type === "Assign" || inner.type === "AssignBlock" || inner.type === "For") && sets(inner.target)
    );
  });
  return inside || sets(node.target);
}

function compileElse(node: ForNode, scope: Scope, unit: Compilation): StmtCode | undefined {
  if (node.otherwise.length === 0) return undefined;
  const inner = innerScope(scope);
  analyzeBody(node.otherwise, inner.symbols);
  const enter = enterScope(inner.symbols);
  const body = unit.body(node.otherwise, inner);
  return (frame) => {
    enter?.(frame);
    return body(frame);
  };
}

function compileTest(
  node: ForNode,
  test: Expr,
  scope: Scope,
  unit: Compilation,
): NonNullable<LoopParts["filter"]> {
  const inner = innerScope(scope, { ownUnit: true });
  analyzeTarget(node.target, inner.symbols, true);
  analyzeExpr(test, inner.symbols);
  const assign = compileTarget(node.target, inner, unit);
  const enter = enterScope(inner.symbols);
  const before = unit.weight;
  const code = compileExpr(test, inner, unit);
  const weight = unit.weight - before;
  return function* filter(outer, items) {
    const { runtime, context } = outer;
    const frame = new Frame(inner.symbols.unit.size, outer, context, runtime);
    for (let next = items.next(); next.done !== true; next = items.next()) {
      runtime.budget.charge(weight);
      assign(frame, next.value);
      enter?.(frame);
      if (isTruthy(code(frame))) yield next.value;
    }
  };
}

/** A recursive loop is a function of its own: each level has its own variables. */
function compileRecursive(node: ForNode, iterable: ExprCode, scope: Scope, unit: Compilation): StmtCode {
  const own = innerScope(scope, { ownUnit: true, checksExtends: false });
  const parts = compileParts(node, own, unit);
  const { position } = node;
  const run = (outer: Frame, source: Value, depth: number): void => {
    const { runtime, context } = outer;
    const frame = new Frame(own.symbols.unit.size, outer, context, runtime);
    const recurse = (items: Value, level: number): Value => {
      const text = runtime.capture(() => run(outer, items, level));
      return wrap(text, runtime);
    };
    runLoop(parts, frame, source, recurse, depth, runtime.trace?.pathOf(source));
  };
  return (frame) => {
    if (scope.checksExtends && frame.extended !== undefined) return goOn;
    try {
      run(frame, iterable(frame), 0);
    } catch (error) {
      unit.rethrow(error, position);
    }
    return goOn;
  };
}

function wrap(text: string, runtime: Runtime): Value {
  return runtime.autoescape ? new Markup(text) : text;
}
