import { TemplateRuntimeError, unreachable } from "../errors.ts";
import type { Target } from "../parser/nodes.ts";
import type { Context, Lookup } from "../runtime/context.ts";
import type { Frame } from "../runtime/frame.ts";
import { unpack } from "../runtime/loop.ts";
import { tryIterate } from "../values/iterate.ts";
import { Namespace } from "../values/namespace.ts";
import { type Value, typeName } from "../values/object.ts";
import { type Compilation, type Scope, readSlot } from "./compilation.ts";

/** Code that gives a target its value; `path` is the configuration leaf it comes from, while tracing. */
export type AssignCode = (frame: Frame, value: Value, path?: string) => void;

/** Compiles the left side of an assignment. */
export function compileTarget(target: Target, scope: Scope, unit: Compilation): AssignCode {
  switch (target.type) {
    case "Name": {
      const reference = scope.symbols.find(target.name);
      if (reference === undefined) return unit.fail("a target was not analysed", target.position);
      const { slot } = reference;
      return (frame, value, path) => {
        frame.slots[slot] = value;
        frame.runtime.trace?.slot(frame, slot, path);
      };
    }
    case "TargetTuple": {
      const parts = target.items.map((item) => compileTarget(item, scope, unit));
      return (frame, value, path) => {
        const { budget, trace } = frame.runtime;
        const items = tryIterate(value, budget);
        const values = unpack(parts.length, items, budget, typeName(value));
        // A pair of key and value stands for the value, as in `for key, value in config.items()`.
        const source = path ?? trace?.pathOf(value);
        parts.forEach((part, i) => part(frame, values[i] ?? null, source));
      };
    }
    case "NamespaceAttribute": {
      const reference = scope.symbols.find(target.name);
      if (reference === undefined) return unit.fail("a target was not analysed", target.position);
      const read = readSlot(scope.symbols.unit, reference);
      return (frame, value) => {
        const holder = read(frame);
        if (holder instanceof Namespace) return holder.set(target.attribute, value);
        const error = new TemplateRuntimeError("cannot assign attribute on non-namespace object");
        return unit.rethrow(error, target.position);
      };
    }
    default:
      return unreachable(target);
  }
}

/** The names a target sets, without attributes of namespaces. */
export function targetNames(target: Target): string[] {
  if (target.type === "Name") return [target.name];
  return target.type === "TargetTuple" ? target.items.flatMap(targetNames) : [];
}

/**
 * Code that makes variables set at the top level visible to blocks, includes and imports. Those set in a loop or
 * block are noted for functions that get the context.
 */
export function compileExport(names: readonly string[], scope: Scope): ((frame: Frame) => void) | undefined {
  for (const name of names) scope.tracked?.add(name);
  if (!scope.toplevel || names.length === 0) return undefined;
  const reads = names.map((name) => {
    const reference = scope.symbols.find(name);
    return [name, reference === undefined ? undefined : reference.slot] as const;
  });
  return (frame) => {
    const { context, runtime } = frame;
    for (const [name, slot] of reads) {
      const value = slot === undefined ? undefined : frame.slots[slot];
      if (value === undefined) continue;
      context.define(name, value, runtime.budget);
      if (!name.startsWith("_")) context.exported.add(name);
    }
  };
}

/**
 * Code that finds the context for functions which ask for it: with what the loop or block around has set so far.
 * `undefined` = the code stands in neither.
 */
export function compileCallContext(scope: Scope): ((frame: Frame) => Context) | undefined {
  const { tracked, symbols } = scope;
  if (tracked === undefined) return undefined;
  return (frame) => {
    frame.runtime.budget.charge(2 * tracked.size);
    const locals = new Map<string, Value>();
    for (const name of tracked) {
      const reference = symbols.find(name);
      const value = reference === undefined ? undefined : readSlot(symbols.unit, reference)(frame);
      if (value !== undefined) locals.set(name, value);
    }
    return locals.size === 0 ? frame.context : frame.context.derived(locals);
  };
}

/** A lookup of all variables that code standing here could see set, as they are when it is asked: for includes. */
export function compileLiveLocals(scope: Scope): (frame: Frame) => Lookup {
  const { unit } = scope.symbols;
  const reads = new Map(
    Array.from(scope.symbols.stored(), ([name, reference]) => [name, readSlot(unit, reference)] as const),
  );
  return (frame) => (name) => reads.get(name)?.(frame);
}

/** All variables that code standing here could see set, as they are now: for imports and scoped blocks. */
export function compileLocals(scope: Scope): (frame: Frame) => Map<string, Value> {
  const reads = Array.from(
    scope.symbols.stored(),
    ([name, reference]) => [name, readSlot(scope.symbols.unit, reference)] as const,
  );
  return (frame) => {
    frame.runtime.budget.charge(reads.length);
    const locals = new Map<string, Value>();
    for (const [name, read] of reads) {
      const value = read(frame);
      if (value !== undefined) locals.set(name, value);
    }
    return locals;
  };
}
