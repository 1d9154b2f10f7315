import { typeError } from "../errors.ts";
import type { Arguments, Expr } from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import { Dict } from "../values/dict.ts";
import { toList } from "../values/iterate.ts";
import type { Kwargs, Value } from "../values/object.ts";
import type { ExprCode } from "./compilation.ts";

/** Code that evaluates the arguments of a call. */
export interface ArgumentsCode {
  /** The positional ones, after `first` if there is one. */
  readonly positional: (frame: Frame, first?: Value) => Value[];
  /** The keyword ones; `undefined` = none. */
  readonly named: (frame: Frame) => Kwargs | undefined;
}

/** Compiles the arguments of a call, filter or test. */
export function compileArguments(call: Arguments, compile: (node: Expr) => ExprCode): ArgumentsCode {
  const args = call.args.map(compile);
  const dynamic = call.dynamicArgs === undefined ? undefined : compile(call.dynamicArgs);
  return {
    positional: dynamic === undefined ? positional(args) : positionalDynamic(args, dynamic),
    named: compileNamed(call, compile),
  };
}

function positional(args: readonly ExprCode[]): ArgumentsCode["positional"] {
  const [first, second] = args;
  if (first === undefined) return (_frame, self) => (self === undefined ? [] : [self]);
  if (second === undefined) {
    return (frame, self) => (self === undefined ? [first(frame)] : [self, first(frame)]);
  }
  return (frame, self) => {
    const values: Value[] = self === undefined ? [] : [self];
    for (const arg of args) values.push(arg(frame));
    return values;
  };
}

function positionalDynamic(args: readonly ExprCode[], dynamic: ExprCode): ArgumentsCode["positional"] {
  const fixed = positional(args);
  return (frame, self) => {
    const values = fixed(frame, self);
    for (const value of toList(dynamic(frame), frame.runtime.budget)) values.push(value);
    return values;
  };
}

function compileNamed(call: Arguments, compile: (node: Expr) => ExprCode): ArgumentsCode["named"] {
  const named = call.kwargs.map(({ name, value }) => [name, compile(value)] as const);
  const dynamic = call.dynamicKwargs === undefined ? undefined : compile(call.dynamicKwargs);
  if (named.length === 0 && dynamic === undefined) return () => undefined;
  return (frame) => {
    const kwargs = new Map<string, Value>();
    const add = (name: string, value: Value): void => {
      if (kwargs.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
      kwargs.set(name, value);
    };
    for (const [name, value] of named) add(name, value(frame));
    const more = dynamic?.(frame);
    if (more === undefined) return kwargs;
    if (!(more instanceof Dict)) throw typeError("argument after ** must be a mapping");
    frame.runtime.budget.charge(2 * more.size());
    for (const [name, value] of more.entries()) {
      if (typeof name !== "string") throw typeError("keywords must be strings");
      add(name, value);
    }
    return kwargs;
  };
}
