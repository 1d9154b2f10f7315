import { JinjaError, TemplateNotFound, TemplateRuntimeError, type TraceStep } from "../errors.ts";
import type { BlockNode, ExtendsNode, FromImportNode, ImportNode, IncludeNode } from "../parser/nodes.ts";
import { Context } from "../runtime/context.ts";
import type { Frame } from "../runtime/frame.ts";
import { HostObject } from "../runtime/host.ts";
import { TemplateModule } from "../runtime/module.ts";
import type { CompiledTemplate, Runtime } from "../runtime/runtime.ts";
import { toList } from "../values/iterate.ts";
import { type Value, orElse } from "../values/object.ts";
import { textOf } from "../values/markup.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { type Compilation, type Scope, type StmtCode, goOn } from "./compilation.ts";
import { compileExpr, requireText } from "./expressions.ts";
import { compileExport, compileLiveLocals, compileLocals } from "./targets.ts";

/** Key under which the host's template objects keep what the renderer runs. */
export const compiledKey: unique symbol = Symbol("jinja.compiled");

/** The template that a value names, or is. @throws TemplateNotFound, UndefinedError */
function templateOf(value: Value, runtime: Runtime): CompiledTemplate {
  if (value instanceof HostObject) {
    const compiled = (value.target as { [compiledKey]?: CompiledTemplate })[compiledKey];
    if (compiled !== undefined) return compiled;
  }
  if (value instanceof Undefined) throw value.error();
  const template = findTemplate(requireText(value, "the name of a template"), runtime);
  if (!runtime.touched.has(template)) {
    // Whether it is compiled already or not: the same rendering costs the same.
    runtime.touched.add(template);
    runtime.budget.charge(template.sourceLength);
  }
  return template;
}

/** Steps for asking a loader in vain: it may have to look at files, and makes an error. */
const missCost = 200;

function findTemplate(name: string, runtime: Runtime): CompiledTemplate {
  try {
    return runtime.environment.compiledTemplate(name);
  } catch (error) {
    if (error instanceof TemplateNotFound) runtime.budget.charge(missCost);
    throw error;
  }
}

/** The first template of a list that exists. @throws TemplateNotFound */
function selectTemplate(value: Value, runtime: Runtime): CompiledTemplate {
  if (!Array.isArray(value) && !(value instanceof Tuple)) return templateOf(value, runtime);
  const names = toList(value, runtime.budget);
  for (const name of names) {
    try {
      return templateOf(name, runtime);
    } catch (error) {
      if (!(error instanceof TemplateNotFound)) throw error;
    }
  }
  if (names.length === 0) runtime.budget.charge(missCost);
  const tried = names.map((name) => textOf(name) ?? "<template>");
  throw new TemplateNotFound(
    tried.length === 1 ? [...tried, ""] : tried,
    `none of the templates given were found: ${tried.join(", ")}`,
  );
}

/** Runs `body`; an error learns that it came through this statement. */
function traced<T>(
  unit: Compilation,
  position: number,
  kind: TraceStep["kind"],
  name: () => string,
  body: () => T,
): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof JinjaError && error.where !== undefined) {
      error.chain.push({ kind, name: name() });
    }
    return unit.rethrow(error, position);
  }
}

/** `{% include %}` */
export function compileInclude(node: IncludeNode, scope: Scope, unit: Compilation): StmtCode {
  const code = compileExpr(node.template, scope, unit);
  const locals = node.withContext ? compileLiveLocals(scope) : undefined;
  return (frame) => {
    if (scope.checksExtends && frame.extended !== undefined) return goOn;
    const { runtime } = frame;
    let name = "";
    traced(
      unit,
      node.position,
      "include",
      () => name,
      () => {
        runtime.budget.charge(10);
        let template: CompiledTemplate;
        try {
          template = selectTemplate(code(frame), runtime);
        } catch (error) {
          if (node.ignoreMissing && error instanceof TemplateNotFound) return;
          throw error;
        }
        name = template.name ?? "<template>";
        const outer = locals === undefined ? noVariables : frame.context.layered(locals(frame));
        runTemplate(template, Context.root(template, outer, runtime), runtime, "includes");
      },
    );
    return goOn;
  };
}

const noVariables = (): undefined => undefined;

/** Renders a whole template into the current output. */
export function runTemplate(
  template: CompiledTemplate,
  context: Context,
  runtime: Runtime,
  what: string,
): void {
  runtime.budget.nested(what, () =>
    runtime.within(template.autoescape, context, () => template.root(context, runtime)),
  );
}

/** The module of a template that is imported. */
function makeModule(template: CompiledTemplate, context: Context, runtime: Runtime): TemplateModule {
  const text = runtime.capture(() => runTemplate(template, context, runtime, "imports"));
  return new TemplateModule(context, text);
}

function compileModule(
  node: ImportNode | FromImportNode,
  scope: Scope,
  unit: Compilation,
): (frame: Frame) => TemplateModule {
  const code = compileExpr(node.template, scope, unit);
  const locals = node.withContext ? compileLocals(scope) : undefined;
  return (frame) => {
    const { runtime } = frame;
    let name = "";
    return traced(
      unit,
      node.position,
      "import",
      () => name,
      () => {
        runtime.budget.charge(10);
        const template = templateOf(code(frame), runtime);
        name = template.name ?? "<template>";
        if (locals !== undefined) {
          const outer = frame.context.snapshot(locals(frame));
          return makeModule(template, Context.root(template, outer, runtime), runtime);
        }
        const known = runtime.modules.get(template);
        if (known instanceof TemplateModule) return known;
        const context = Context.root(template, noVariables, runtime);
        const module = makeModule(template, context, runtime);
        runtime.modules.set(template, module);
        return module;
      },
    );
  };
}

/** `{% import %}` */
export function compileImport(node: ImportNode, scope: Scope, unit: Compilation): StmtCode {
  const module = compileModule(node, scope, unit);
  const slot = scope.symbols.find(node.target)?.slot ?? 0;
  const share = compileExport([node.target], scope);
  return (frame) => {
    frame.slots[slot] = module(frame);
    share?.(frame);
    if (scope.toplevel) frame.context.exported.delete(node.target);
    return goOn;
  };
}

/** `{% from … import … %}` */
export function compileFromImport(node: FromImportNode, scope: Scope, unit: Compilation): StmtCode {
  const module = compileModule(node, scope, unit);
  const { line } = unit.places.lineAndColumn(node.position);
  const aliases = node.names.map(({ alias }) => alias);
  const targets = node.names.map(({ name, alias }) => ({
    name,
    slot: scope.symbols.find(alias)?.slot ?? 0,
  }));
  const share = compileExport(aliases, scope);
  return (frame) => {
    const found = module(frame);
    for (const { name, slot } of targets) {
      const hint = `the template ${found.repr()} (imported on line ${line}) does not export the requested name '${name}'`;
      frame.slots[slot] = orElse(found.attribute(name), () => frame.runtime.undefined({ hint, name }));
    }
    share?.(frame);
    if (scope.toplevel) for (const alias of aliases) frame.context.exported.delete(alias);
    return goOn;
  };
}

/** `{% extends %}`: notes the parent, which runs when this template is through. */
export function compileExtends(node: ExtendsNode, scope: Scope, unit: Compilation): StmtCode {
  if (!scope.toplevel) unit.fail("cannot use extend from a non top-level scope", node.position);
  const code = compileExpr(node.template, scope, unit);
  return (frame) => {
    const { runtime, context } = frame;
    if (frame.extended !== undefined) {
      unit.rethrow(new TemplateRuntimeError("extended multiple times"), node.position);
    }
    let name = "";
    const inParent = <T>(body: () => T): T => traced(unit, node.position, "extends", () => name, body);
    const parent = inParent(() => templateOf(code(frame), runtime));
    name = parent.name ?? "<template>";
    for (const [block, implementation] of parent.blocks) {
      const stack = context.blocks.get(block);
      if (stack === undefined) context.blocks.set(block, [implementation]);
      else stack.push(implementation);
    }
    frame.extended = () =>
      inParent(() => runtime.budget.nested("extends", () => parent.root(context, runtime)));
    return goOn;
  };
}

/** `{% block %}`: runs the most derived implementation. */
export function compileBlock(node: BlockNode, scope: Scope, unit: Compilation): StmtCode {
  const { name, position } = node;
  const locals = node.scoped ? compileLocals(scope) : undefined;
  return (frame) => {
    if (scope.checksExtends && frame.extended !== undefined && scope.toplevel) return goOn;
    const { runtime } = frame;
    const stack = frame.context.blocks.get(name);
    if (node.required && (stack?.length ?? 0) <= 1) {
      unit.rethrow(new TemplateRuntimeError(`Required block '${name}' not found`), position);
    }
    const context = locals === undefined ? frame.context : frame.context.derived(locals(frame));
    traced(
      unit,
      position,
      "block",
      () => name,
      () =>
        runtime.budget.nested("blocks", () =>
          runtime.within(runtime.autoescape, context, () => stack?.[0]?.(context, runtime)),
        ),
    );
    return goOn;
  };
}
