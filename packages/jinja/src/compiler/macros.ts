import type { CallBlockNode, MacroNode, Signature, Stmt } from "../parser/nodes.ts";
import { callValue } from "../runtime/calls.ts";
import { Frame } from "../runtime/frame.ts";
import { Macro, type MacroShape } from "../runtime/macro.ts";
import type { Value } from "../values/object.ts";
import { analyzeBody, analyzeSignature, undeclared } from "./analysis.ts";
import { compileArguments } from "./arguments.ts";
import { type Compilation, type Scope, type StmtCode, enterScope, goOn, innerScope } from "./compilation.ts";
import { compileExpr } from "./expressions.ts";
import { outputText } from "./output.ts";
import { compileExport } from "./targets.ts";

/** Code that makes the macro as a value, closed over the frame it is made in. */
type MacroCode = (frame: Frame) => Macro;

function compileMacroValue(
  name: string,
  signature: Signature,
  body: readonly Stmt[],
  position: number,
  scope: Scope,
  unit: Compilation,
): MacroCode {
  const params = signature.params.map((param) => param.name);
  const inner = innerScope(scope, { ownUnit: true, checksExtends: false, inLoop: false });
  const special = undeclared(body, ["caller", "kwargs", "varargs"]);
  const takesCaller = params.includes("caller");
  if (
    takesCaller &&
    special.has("caller") &&
    params.indexOf("caller") < params.length - signature.defaults.length
  ) {
    unit.fail("the special 'caller' argument must be omitted or have a default", position);
  }
  analyzeSignature(signature, inner.symbols);
  const extra = (["caller", "kwargs", "varargs"] as const).filter(
    (variable) => special.has(variable) && !params.includes(variable),
  );
  for (const variable of extra) inner.symbols.declare(variable);
  analyzeBody(body, inner.symbols);
  const shape: MacroShape = {
    name,
    params,
    usesCaller: extra.includes("caller"),
    catchesKwargs: extra.includes("kwargs"),
    catchesVarargs: extra.includes("varargs"),
  };
  const slots = [...params, ...extra].map((param) => inner.symbols.find(param)?.slot ?? 0);
  const fillDefaults = compileDefaults(signature, inner, unit);
  const enter = enterScope(inner.symbols);
  const run = unit.body(body, inner);
  const { unit: frameUnit } = inner.symbols;
  return (outer) => {
    const { runtime, context } = outer;
    const { autoescape } = runtime;
    return new Macro(shape, (args) => {
      const frame = new Frame(frameUnit.size, outer, context, runtime);
      slots.forEach((slot, i) => (frame.slots[slot] = args[i]));
      return runtime.capture(() =>
        runtime.within(autoescape, context, () => {
          enter?.(frame);
          fillDefaults(frame);
          run(frame);
        }),
      );
    });
  };
}

function compileDefaults(signature: Signature, scope: Scope, unit: Compilation): (frame: Frame) => void {
  const offset = signature.params.length - signature.defaults.length;
  const fills = signature.params.map((param, i) => {
    const slot = scope.symbols.find(param.name)?.slot ?? 0;
    const expr = signature.defaults[i - offset];
    const code = expr === undefined ? undefined : compileExpr(expr, scope, unit);
    const hint = `parameter '${param.name}' was not provided`;
    return (frame: Frame): void => {
      if (frame.slots[slot] !== undefined) return;
      frame.slots[slot] =
        code === undefined ? frame.runtime.undefined({ hint, name: param.name }) : code(frame);
    };
  });
  return (frame) => {
    for (const fill of fills) fill(frame);
  };
}

/** `{% macro %}` */
export function compileMacro(node: MacroNode, scope: Scope, unit: Compilation): StmtCode {
  const make = compileMacroValue(node.name, node.signature, node.body, node.position, scope, unit);
  const slot = scope.symbols.find(node.name)?.slot ?? 0;
  const share = compileExport([node.name], scope);
  return (frame) => {
    frame.slots[slot] = make(frame);
    share?.(frame);
    return goOn;
  };
}

/** `{% call %}`: the body becomes the macro `caller` of the call. */
export function compileCallBlock(node: CallBlockNode, scope: Scope, unit: Compilation): StmtCode {
  const make = compileMacroValue("caller", node.signature, node.body, node.position, scope, unit);
  const compile = (child: Parameters<typeof compileExpr>[0]) => compileExpr(child, scope, unit);
  const callee = compile(node.call.callee);
  const args = compileArguments(node.call.call, compile);
  const { position } = node;
  return (frame) => {
    const { runtime } = frame;
    if (scope.checksExtends && frame.extended !== undefined) return goOn;
    try {
      runtime.budget.charge(1);
      const kwargs = new Map<string, Value>(args.named(frame));
      kwargs.set("caller", make(frame));
      const result = callValue(callee(frame), args.positional(frame), kwargs, runtime);
      runtime.trace?.data(unit.name, position, runtime.out.length);
      runtime.out += outputText(result, runtime);
      runtime.budget.checkOutput(runtime.out.length);
    } catch (error) {
      unit.rethrow(error, position);
    }
    return goOn;
  };
}
