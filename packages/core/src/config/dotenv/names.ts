import { isLotseError } from "../../kernel/index.ts";
import type { Path } from "../model/path.ts";
import type { Policy, SchemaObject } from "../schema/policy.ts";
import { pathOfVariable, type VariablePath } from "../schema/variable-path.ts";

/** A variable that the schema names with `x-env`. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly path: Path;
  readonly policy: Policy;
}

/**
 * All variables that a schema names, in its order, each name once: where a `$ref` brings one to several
 * paths, the first counts. A part of the schema is walked once, so recursive schemas are no problem. Lists
 * and entries without a fixed key have no variables.
 */
export function environmentVariables(policy: Policy | undefined): readonly EnvironmentVariable[] {
  const found = new Map<string, EnvironmentVariable>();
  if (policy !== undefined) collect(policy, [], found, new Set());
  return [...found.values()];
}

function collect(
  policy: Policy,
  path: Path,
  found: Map<string, EnvironmentVariable>,
  walked: Set<SchemaObject>,
): void {
  const name = policy.variable;
  if (name !== undefined && path.length > 0 && !found.has(name)) found.set(name, { name, path, policy });
  const fresh = policy.schemas.filter((schema) => "properties" in schema && !walked.has(schema));
  if (fresh.length === 0) return;
  for (const schema of fresh) walked.add(schema);
  for (const key of policy.keys) {
    const child = policy.child(key);
    if (child !== undefined) collect(child, [...path, key], found, walked);
  }
}

/** Finds what a variable's name stands for. */
export type VariableFinder = (
  name: string,
) => { readonly path: Path; readonly policy: Policy | undefined } | undefined;

/**
 * Makes a finder for names: by `x-env`, else as `A__B` for the path `a.b`, matched with the schema's keys
 * as `variableName` would write them and in lower case where the schema takes any key. It returns
 * `undefined` for a name that the schema has no place for; without a schema every name has one.
 */
export function variableFinder(policy: Policy | undefined): VariableFinder {
  const named = new Map(environmentVariables(policy).map((variable) => [variable.name, variable]));
  return (name) => {
    const variable = named.get(name);
    if (variable !== undefined) return variable;
    const found = tryPath(name, policy);
    return found?.known === true ? found : undefined;
  };
}

/** A `.env` file may hold variables of anybody, so a name that is no path is nothing wrong. */
function tryPath(name: string, policy: Policy | undefined): VariablePath | undefined {
  try {
    return pathOfVariable(name, policy);
  } catch (error) {
    if (isLotseError(error)) return undefined;
    throw error;
  }
}
