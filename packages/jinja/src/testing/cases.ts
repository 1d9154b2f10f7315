import { readFileSync } from "node:fs";
import { Environment } from "../environment.ts";
import { JinjaError } from "../errors.ts";
import { DictLoader } from "../loaders.ts";
import type { EnvironmentOptions, ExtensionName } from "../options.ts";
import { Float } from "../values/float.ts";
import { Tuple } from "../values/tuple.ts";
import type { Value } from "../values/object.ts";
import {
  ChainableUndefined,
  DebugUndefined,
  StrictUndefined,
  Undefined,
  type UndefinedClass,
} from "../values/undefined.ts";

/** One template with what Python's Jinja2 makes of it. */
export interface Case {
  readonly id: string;
  readonly source: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
  readonly env?: {
    readonly opts?: Readonly<Record<string, unknown>>;
    readonly templates?: Readonly<Record<string, string>>;
    readonly undefined?: string;
    readonly extensions?: readonly string[];
  };
  /** The output; unset when Python fails. */
  readonly out?: string;
  /** Python's exception. */
  readonly error?: string;
}

/** Reads a file of cases from `test-data`. */
export function readCases(file: string): readonly Case[] {
  const url = new URL(`../../test-data/${file}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as readonly Case[];
}

const undefinedClasses: ReadonlyMap<string, UndefinedClass> = new Map<string, UndefinedClass>([
  ["Undefined", Undefined],
  ["StrictUndefined", StrictUndefined],
  ["ChainableUndefined", ChainableUndefined],
  ["DebugUndefined", DebugUndefined],
]);

/** `{"$float": 1}` and `{"$tuple": […]}` of the data become the values they stand for. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (first?.[0] === "$float") return new Float(Number(first[1]));
  if (first?.[0] === "$int") return BigInt(String(first[1]));
  if (first?.[0] === "$tuple") return new Tuple((first[1] as unknown[]).map(revive) as Value[]);
  return Object.fromEntries(entries.map(([key, item]) => [key, revive(item)]));
}

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The environment a case asks for. */
export function environmentOf({ env = {} }: Pick<Case, "env">, more: EnvironmentOptions = {}): Environment {
  const options = Object.fromEntries(
    Object.entries(env.opts ?? {}).map(([name, value]) => [camel(name), value]),
  );
  const undefinedClass = undefinedClasses.get(env.undefined ?? "Undefined");
  return new Environment({
    ...options,
    ...(undefinedClass === undefined ? {} : { undefined: undefinedClass }),
    extensions: (env.extensions ?? []) as ExtensionName[],
    loader: new DictLoader(env.templates ?? {}),
    ...more,
  });
}

/** What rendering a case gives: the output, or the name of the error. */
export function outcomeOf(test: Case): { out: string } | { error: string } {
  try {
    const context = revive(test.ctx ?? {}) as Record<string, unknown>;
    return { out: environmentOf(test).fromString(test.source).render(context) };
  } catch (error) {
    if (error instanceof JinjaError) return { error: error.name };
    throw error;
  }
}
