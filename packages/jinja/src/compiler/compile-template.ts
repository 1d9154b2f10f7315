import type { BlockNode, Expr, Stmt } from "../parser/nodes.ts";
import type { Context } from "../runtime/context.ts";
import { Frame } from "../runtime/frame.ts";
import { BlockReference, SelfReference } from "../runtime/module.ts";
import type { BlockFunction, CompiledTemplate, Runtime } from "../runtime/runtime.ts";
import type { Value } from "../values/object.ts";
import { analyzeBody, analyzeExpr, someStmt, undeclared } from "./analysis.ts";
import { type Compilation, enterScope, rootScope } from "./compilation.ts";
import { compileExpr } from "./expressions.ts";
import { compileBody } from "./statements.ts";

/**
 * Turns a syntax tree into functions.
 * @throws TemplateAssertionError for names of filters and tests that nobody knows, and the like
 */
export function compileTemplate(
  body: readonly Stmt[],
  unit: Compilation,
): Pick<CompiledTemplate, "root" | "blocks"> {
  for (const block of blocksOf(body)) unit.blocks.set(block.name, compileBlockBody(block, unit));
  const extendsParent = someStmt(body, (node) => node.type === "Extends");
  const scope = rootScope(unit, true, extendsParent);
  const usesSelf = undeclared(body, ["self"]).has("self");
  const selfSlot = usesSelf ? scope.symbols.declare("self").slot : undefined;
  analyzeBody(body, scope.symbols);
  const enter = enterScope(scope.symbols);
  const code = compileBody(body, scope, unit);
  const root = (context: Context, runtime: Runtime): void => {
    const frame = new Frame(scope.symbols.unit.size, undefined, context, runtime);
    if (selfSlot !== undefined) frame.slots[selfSlot] = new SelfReference(context, runtime);
    enter?.(frame);
    code(frame);
    frame.extended?.();
  };
  return { root, blocks: unit.blocks };
}

function blocksOf(body: readonly Stmt[]): BlockNode[] {
  const blocks: BlockNode[] = [];
  someStmt(body, (node) => {
    if (node.type === "Block") blocks.push(node);
    return false;
  });
  return blocks;
}

function compileBlockBody(node: BlockNode, unit: Compilation): BlockFunction {
  const scope = rootScope(unit, false, false, new Set());
  const special = undeclared(node.body, ["self", "super"]);
  const selfSlot = special.has("self") ? scope.symbols.declare("self").slot : undefined;
  const superSlot = special.has("super") ? scope.symbols.declare("super").slot : undefined;
  analyzeBody(node.body, scope.symbols);
  const enter = enterScope(scope.symbols);
  const code = compileBody(node.body, scope, unit);
  const block: BlockFunction = (context, runtime) => {
    const frame = new Frame(scope.symbols.unit.size, undefined, context, runtime);
    if (selfSlot !== undefined) frame.slots[selfSlot] = new SelfReference(context, runtime);
    if (superSlot !== undefined) {
      frame.slots[superSlot] = BlockReference.parent(node.name, context, block, runtime);
    }
    enter?.(frame);
    code(frame);
  };
  return block;
}

/** Turns a single expression into a function of a context. @throws as {@link compileTemplate} */
export function compileLoneExpression(
  node: Expr,
  unit: Compilation,
): (context: Context, runtime: Runtime) => Value {
  const scope = rootScope(unit, true, false);
  analyzeExpr(node, scope.symbols);
  const enter = enterScope(scope.symbols);
  const code = compileExpr(node, scope, unit);
  return (context, runtime) => {
    const frame = new Frame(scope.symbols.unit.size, undefined, context, runtime);
    try {
      runtime.budget.charge(unit.weight);
      enter?.(frame);
      return code(frame);
    } catch (error) {
      return unit.rethrow(error, node.position);
    }
  };
}
