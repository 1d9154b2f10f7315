import type { DataNode, Expr, OutputNode } from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Markup, escapeText } from "../values/markup.ts";
import type { Value } from "../values/object.ts";
import { str } from "../values/repr.ts";
import { type Compilation, type ExprCode, type Scope, type StmtCode, goOn } from "./compilation.ts";
import { compileExpr } from "./expressions.ts";
import { startOf } from "./analysis.ts";
import { compilePaths } from "./paths.ts";

/** The text of a value as it goes to the output. */
export function outputText(value: Value, runtime: Runtime): string {
  if (!runtime.autoescape) return str(value, runtime.budget);
  if (value instanceof Markup) return value.text;
  return escapeText(str(value, runtime.budget));
}

type Writer = (frame: Frame) => void;

/** Text and `{{ … }}` up to the next statement. */
export function compileOutput(node: OutputNode, scope: Scope, unit: Compilation): StmtCode {
  const before = unit.weight;
  const writers = node.items.map((item) =>
    item.type === "Data" ? dataWriter(item, unit) : expressionWriter(item, scope, unit),
  );
  const weight = 1 + unit.weight - before;
  const write: StmtCode = (frame) => {
    const { runtime } = frame;
    const { budget } = runtime;
    const start = runtime.out.length;
    budget.charge(weight);
    for (const writer of writers) writer(frame);
    budget.charge((runtime.out.length - start) / 16);
    budget.checkOutput(runtime.out.length);
    return goOn;
  };
  if (!scope.checksExtends) return write;
  return (frame) => (frame.extended === undefined ? write(frame) : goOn);
}

function dataWriter(node: DataNode, unit: Compilation): Writer {
  const { text, position } = node;
  return ({ runtime }) => {
    runtime.trace?.data(unit.name, position, runtime.out.length);
    runtime.out += text;
  };
}

function expressionWriter(node: Expr, scope: Scope, unit: Compilation): Writer {
  const code = compileExpr(node, scope, unit);
  const value = withFinalize(code, unit);
  const { position } = node;
  const filter = node.type === "Filter" ? node.name : undefined;
  const isCall = node.type === "Call";
  const startsAt = startOf(node);
  let paths: ((frame: Frame) => string[]) | undefined;
  return (frame) => {
    const { runtime } = frame;
    try {
      const result = value(frame);
      const start = runtime.out.length;
      runtime.out += outputText(result, runtime);
      const { trace } = runtime;
      if (trace === undefined) return;
      if (trace.full) {
        trace.dropped(start);
        return;
      }
      paths ??= compilePaths(node, scope.symbols);
      const origin = { template: unit.name, position: startsAt, filter, isCall, paths: paths(frame) };
      trace.expression({ ...origin, start, value: result });
    } catch (error) {
      unit.rethrow(error, position);
    }
  };
}

function withFinalize(code: ExprCode, unit: Compilation): ExprCode {
  const { finalize } = unit;
  return finalize === undefined ? code : (frame) => finalize(code(frame), frame);
}
