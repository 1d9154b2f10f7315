import { unreachable } from "../errors.ts";
import type {
  AssignBlockNode,
  AssignNode,
  AutoescapeNode,
  Expr,
  FilterBlockNode,
  IfNode,
  Stmt,
  WithNode,
} from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import { Markup } from "../values/markup.ts";
import { repr } from "../values/repr.ts";
import { isTruthy } from "../values/truth.ts";
import { analyzeBody, analyzeExpr, analyzeTarget } from "./analysis.ts";
import {
  type Compilation,
  type ExprCode,
  type Scope,
  type StmtCode,
  enterScope,
  goOn,
  innerScope,
  leaveLoop,
  nextTurn,
} from "./compilation.ts";
import { compileExpr, compileFilter } from "./expressions.ts";
import {
  compileBlock,
  compileExtends,
  compileFromImport,
  compileImport,
  compileInclude,
} from "./inheritance.ts";
import { compileFor } from "./loops.ts";
import { compileCallBlock, compileMacro } from "./macros.ts";
import { compileOutput, outputText } from "./output.ts";
import { compilePath } from "./paths.ts";
import { compileExport, compileTarget, targetNames } from "./targets.ts";

/** Statements one after the other; ends early at `break` and `continue`. */
export function compileBody(body: readonly Stmt[], scope: Scope, unit: Compilation): StmtCode {
  const codes = body.map((node) => compileStmt(node, scope, unit));
  const [only] = codes;
  if (only === undefined) return () => goOn;
  if (codes.length === 1) return only;
  return (frame) => {
    for (const code of codes) {
      const signal = code(frame);
      if (signal !== goOn) return signal;
    }
    return goOn;
  };
}

function compileStmt(node: Stmt, scope: Scope, unit: Compilation): StmtCode {
  switch (node.type) {
    case "Output":
      return compileOutput(node, scope, unit);
    case "For":
      return compileFor(node, scope, unit);
    case "If":
      return compileIf(node, scope, unit);
    case "Macro":
      return compileMacro(node, scope, unit);
    case "CallBlock":
      return compileCallBlock(node, scope, unit);
    case "FilterBlock":
      return compileFilterBlock(node, scope, unit);
    case "With":
      return compileWith(node, scope, unit);
    case "Block":
      return compileBlock(node, scope, unit);
    case "Include":
      return compileInclude(node, scope, unit);
    case "Import":
      return compileImport(node, scope, unit);
    case "FromImport":
      return compileFromImport(node, scope, unit);
    case "Extends":
      return compileExtends(node, scope, unit);
    case "Assign":
      return compileAssign(node, scope, unit);
    case "AssignBlock":
      return compileAssignBlock(node, scope, unit);
    case "Autoescape":
      return compileAutoescape(node, scope, unit);
    case "Do":
      return compileDo(node.expression, scope, unit);
    case "Break":
    case "Continue": {
      if (!scope.inLoop) unit.fail(`'${node.type.toLowerCase()}' outside loop`, node.position);
      const signal = node.type === "Break" ? leaveLoop : nextTurn;
      return () => signal;
    }
    case "Debug":
      return compileDebug(scope);
    default:
      return unreachable(node);
  }
}

/** An expression in a statement, with its place for errors and its work booked. */
function compileLocated(node: Expr, scope: Scope, unit: Compilation): ExprCode {
  const before = unit.weight;
  const code = compileExpr(node, scope, unit);
  const weight = 1 + unit.weight - before;
  return (frame) => {
    try {
      frame.runtime.budget.charge(weight);
      return code(frame);
    } catch (error) {
      return unit.rethrow(error, node.position);
    }
  };
}

function compileIf(node: IfNode, scope: Scope, unit: Compilation): StmtCode {
  const soft = { ...scope, soft: true };
  const branches = node.branches.map(({ test, body }) => ({
    test: compileTruth(test, soft, unit),
    body: compileBody(body, soft, unit),
  }));
  const otherwise = compileBody(node.otherwise, soft, unit);
  return (frame) => {
    for (const { test, body } of branches) if (test(frame)) return body(frame);
    return otherwise(frame);
  };
}

function compileTruth(node: Expr, scope: Scope, unit: Compilation): (frame: Frame) => boolean {
  const code = compileLocated(node, scope, unit);
  return (frame) => {
    const value = code(frame);
    if (typeof value === "boolean") return value;
    try {
      return isTruthy(value);
    } catch (error) {
      return unit.rethrow(error, node.position);
    }
  };
}

/** The chain of filters of a block, fed from a slot. */
function compileBlockFilter(
  node: Expr | undefined,
  scope: Scope,
  unit: Compilation,
): ((frame: Frame, text: string) => ReturnType<ExprCode>) | undefined {
  if (node?.type !== "Filter") return undefined;
  const slot = scope.symbols.unit.slot(`#filter:${node.position}`);
  const code = compileFilter(node, scope, unit, (frame) => frame.slots[slot] ?? "");
  return (frame, text) => {
    frame.slots[slot] = frame.runtime.autoescape ? new Markup(text) : text;
    return code(frame);
  };
}

function compileFilterBlock(node: FilterBlockNode, scope: Scope, unit: Compilation): StmtCode {
  const inner = innerScope(scope, { checksExtends: false });
  analyzeExpr(node.filter, inner.symbols);
  analyzeBody(node.body, inner.symbols);
  const enter = enterScope(inner.symbols);
  const body = compileBody(node.body, inner, unit);
  const filter = compileBlockFilter(node.filter, inner, unit);
  return (frame) => {
    if (scope.checksExtends && frame.extended !== undefined) return goOn;
    const { runtime } = frame;
    enter?.(frame);
    const text = runtime.capture(() => body(frame));
    const result = filter === undefined ? text : filter(frame, text);
    runtime.trace?.data(unit.name, node.position, runtime.out.length);
    runtime.out += outputText(result, runtime);
    runtime.budget.checkOutput(runtime.out.length);
    return goOn;
  };
}

function compileWith(node: WithNode, scope: Scope, unit: Compilation): StmtCode {
  const values = node.values.map((value) => compileLocated(value, scope, unit));
  const paths = node.values.map((value) => compilePath(value, scope.symbols));
  const inner = innerScope(scope);
  for (const target of node.targets) analyzeTarget(target, inner.symbols, true);
  analyzeBody(node.body, inner.symbols);
  const assigns = node.targets.map((target) => compileTarget(target, inner, unit));
  const enter = enterScope(inner.symbols);
  const body = compileBody(node.body, inner, unit);
  return (frame) => {
    const { trace } = frame.runtime;
    enter?.(frame);
    const results = values.map((value) => value(frame));
    assigns.forEach((assign, i) => {
      const path = trace === undefined ? undefined : paths[i]?.(frame);
      assign(frame, results[i] ?? null, path);
    });
    return body(frame);
  };
}

function compileAssign(node: AssignNode, scope: Scope, unit: Compilation): StmtCode {
  const value = compileLocated(node.value, scope, unit);
  const path = compilePath(node.value, scope.symbols);
  const assign = compileTarget(node.target, scope, unit);
  const share = compileExport(targetNames(node.target), scope);
  return (frame) => {
    try {
      const result = value(frame);
      assign(frame, result, frame.runtime.trace === undefined ? undefined : path(frame));
    } catch (error) {
      unit.rethrow(error, node.position);
    }
    share?.(frame);
    return goOn;
  };
}

function compileAssignBlock(node: AssignBlockNode, scope: Scope, unit: Compilation): StmtCode {
  const inner = innerScope(scope, { checksExtends: false });
  if (node.filter !== undefined) analyzeExpr(node.filter, inner.symbols);
  analyzeBody(node.body, inner.symbols);
  const enter = enterScope(inner.symbols);
  const body = compileBody(node.body, inner, unit);
  const filter = compileBlockFilter(node.filter, inner, unit);
  const assign = compileTarget(node.target, scope, unit);
  const share = compileExport(targetNames(node.target), scope);
  return (frame) => {
    const { runtime } = frame;
    enter?.(frame);
    const text = runtime.capture(() => body(frame));
    const plain = runtime.autoescape ? new Markup(text) : text;
    assign(frame, filter === undefined ? plain : filter(frame, text));
    share?.(frame);
    return goOn;
  };
}

function compileAutoescape(node: AutoescapeNode, scope: Scope, unit: Compilation): StmtCode {
  const inner = innerScope(scope);
  analyzeExpr(node.value, inner.symbols);
  analyzeBody(node.body, inner.symbols);
  const enter = enterScope(inner.symbols);
  const value = compileLocated(node.value, inner, unit);
  const body = compileBody(node.body, inner, unit);
  return (frame) => {
    const { runtime } = frame;
    enter?.(frame);
    const setting = isTruthy(value(frame));
    return runtime.within(setting, runtime.context, () => body(frame));
  };
}

function compileDo(node: Expr, scope: Scope, unit: Compilation): StmtCode {
  const code = compileLocated(node, scope, unit);
  return (frame) => {
    code(frame);
    return goOn;
  };
}

/** `{% debug %}`: the variables set so far and the names of filters and tests. */
function compileDebug(scope: Scope): StmtCode {
  const names = [...scope.symbols.stored().keys()].sort();
  return (frame) => {
    const { runtime, context } = frame;
    const shown = names.map((name) => {
      const value = context.resolve(name);
      return `'${name}': ${value === undefined ? "Undefined" : repr(value, runtime.budget)}`;
    });
    runtime.out += `{'context': {${shown.join(", ")}}}`;
    return goOn;
  };
}
