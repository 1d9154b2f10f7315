import { TemplateRuntimeError } from "../errors.ts";
import type { EnvironmentOptions } from "../options.ts";
import { type HostCallable, passContext } from "../runtime/host.ts";
import type { Interceptor, Policies } from "../runtime/runtime.ts";
import { type Case, environmentOf, readCases, revive } from "./cases.ts";

/** Names a function of Jinja2's tests, by module and place. */
interface FunctionName {
  readonly $function: string;
}

/** A rendering of Jinja2's own test suite, as `test-data/record-upstream.py` has noted it. */
export interface UpstreamCase extends Case {
  /** Variables of the template; those of its environment are in `env`. */
  readonly globals: Readonly<Record<string, unknown>>;
  /** The numbers from 0 up to 1 that its `random` drew. */
  readonly random?: readonly number[];
  readonly env: NonNullable<Case["env"]> & {
    readonly globals?: Readonly<Record<string, unknown>>;
    readonly policies?: Readonly<Record<string, unknown>>;
    readonly binop?: Readonly<Record<string, FunctionName>>;
    readonly unop?: Readonly<Record<string, FunctionName>>;
  };
}

/** All recorded renderings. */
export const readUpstreamCases = (): readonly UpstreamCase[] =>
  readCases("upstream-cases.json") as readonly UpstreamCase[];

/** What `passContext` hands to a function. */
interface HostContext {
  resolve(name: string): unknown;
}

const variable = (name: string): HostCallable =>
  passContext((context: HostContext) => String(context.resolve(name)));

const disabled = (): never => {
  throw new TemplateRuntimeError("that operator so does not work");
};

/** The functions that the suite's tests hand to templates, in TypeScript. */
const functions: ReadonlyMap<string, HostCallable> = new Map<string, HostCallable>([
  [
    "test_filters.TestFilter.test_json_dump.<locals>.my_dumps",
    (_value: unknown, kwargs: unknown) => {
      if (JSON.stringify(kwargs) !== '{"foo":"bar"}')
        throw new Error("other options than those of the policy");
      return "42";
    },
  ],
  [
    "test_lexnparse.TestSyntax.test_call.<locals>.<lambda>",
    (a: string, b: string, { c, e, g }: Readonly<Record<string, string>>) => `${a}${b}${c}${e}${g}`,
  ],
  ["test_regression.TestBug.test_callable_defaults.<locals>.<lambda>", () => 42],
  [
    "test_regression.TestBug.test_pass_context_loop_vars.<locals>.test",
    passContext((context: HostContext) => ["i", "j"].map((name) => String(context.resolve(name))).join("")),
  ],
  ["test_regression.TestBug.test_pass_context_scoped_loop_vars.<locals>.test", variable("i")],
  ["test_regression.TestBug.test_pass_context_in_blocks.<locals>.test", variable("i")],
  ["test_regression.TestBug.test_pass_context_block_and_loop.<locals>.test", variable("i")],
  ["test_security.TestSandbox.test_binary_operator_intercepting.<locals>.disable_op", disabled],
  ["test_security.TestSandbox.test_unary_operator_intercepting.<locals>.disable_op", disabled],
]);

/** @throws Error for a function that has no counterpart here */
function named(value: FunctionName): HostCallable {
  const found = functions.get(value.$function);
  if (found === undefined) throw new Error(`no counterpart of ${value.$function}`);
  return found;
}

const isFunctionName = (value: unknown): value is FunctionName =>
  typeof value === "object" && value !== null && Object.hasOwn(value, "$function");

function reviveAll(values: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      isFunctionName(value) ? named(value) : revive(value),
    ]),
  );
}

/** `json.dumps_function` is `jsonDumpsFunction`. */
const camel = (name: string): string =>
  name.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());

/** What decides intercepted operators; `undefined` = none is. */
function interceptor(table: Readonly<Record<string, FunctionName>> = {}): Interceptor<string> {
  return (operator, ...operands) => {
    const name = table[operator];
    return name === undefined
      ? undefined
      : (named(name) as (...all: readonly unknown[]) => unknown)(...operands);
  };
}

function optionsOf({ env, random }: UpstreamCase): EnvironmentOptions {
  const drawn = [...(random ?? [])];
  const policies = Object.entries(reviveAll(env.policies)).map(([name, value]) => [
    camel(name),
    value ?? undefined,
  ]);
  return {
    policies: Object.fromEntries(policies) as Partial<Policies>,
    interceptedBinops: Object.keys(env.binop ?? {}) as EnvironmentOptions["interceptedBinops"] & object,
    interceptedUnops: Object.keys(env.unop ?? {}) as EnvironmentOptions["interceptedUnops"] & object,
    callBinop: interceptor(env.binop),
    callUnop: interceptor(env.unop),
    ...(random === undefined ? {} : { random: () => drawn.shift() ?? Number.NaN }),
  };
}

/** Renders a case as the suite did. @throws what rendering throws */
export function renderUpstream(item: UpstreamCase): string {
  const environment = environmentOf(item, optionsOf(item));
  Object.assign(environment.globals, reviveAll(item.env.globals));
  return environment
    .fromString(item.source, reviveAll(item.globals))
    .render(revive(item.ctx ?? {}) as Record<string, unknown>);
}
