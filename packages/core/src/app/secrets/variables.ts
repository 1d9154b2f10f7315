import { isScalarNode, variableName, type Node, type Policy, type Snapshot } from "../../config/index.ts";
import type { SecretReference } from "../../config/index.ts";
import { formatScope, isLotseError, LotseError, Sensitive, type Scope } from "../../kernel/index.ts";
import { parseSecretName, variableOfName } from "../../secrets/store/index.ts";
import type { InjectedVariable } from "../../secrets/inject/index.ts";
import type { Session } from "../session.ts";
import { secretLayersOf } from "./layers.ts";
import { openReference, openSecret } from "./read.ts";

/** A variable of a process, before its secrets are opened. */
export interface PlannedVariable {
  readonly name: string;
  readonly path: string;
  readonly value: string | SecretReference;
}

/**
 * The variables that a scope's processes get: the paths that the schema names with `x-env`; without a schema
 * every value, as `A__B` for `a.b`. Secrets are handles still.
 */
export function planVariables(snapshot: Snapshot): readonly PlannedVariable[] {
  const found = new Map<string, PlannedVariable>();
  collect(snapshot.root, snapshot.policy, [], found);
  return [...found.values()];
}

function collect(
  node: Node,
  policy: Policy | undefined,
  path: readonly string[],
  found: Map<string, PlannedVariable>,
): void {
  if (node.kind === "map") {
    for (const [key, child] of node.entries) {
      const inner = policy?.child(key);
      if (policy === undefined || inner !== undefined) collect(child, inner, [...path, key], found);
    }
    return;
  }
  const name = policy === undefined ? variableName(path) : policy.variable;
  if (name === undefined || found.has(name) || !isScalarNode(node) || node.kind === "null") return;
  const value = node.kind === "secret" ? (node.value as SecretReference) : (node.text ?? String(node.value));
  found.set(name, { name, path: path.join("."), value });
}

/**
 * Opens the secrets among variables.
 *
 * @throws LotseError as `openSecret`
 */
export async function openVariables(
  session: Session,
  snapshot: Snapshot,
  planned: readonly PlannedVariable[],
): Promise<readonly InjectedVariable[]> {
  const { scope } = snapshot;
  const wanted = planned.flatMap(({ name, value }) =>
    typeof value === "string" ? [] : [{ name, reference: value }],
  );
  const opened = await openReferences(session, scope, wanted);
  return planned.map(({ name, path, value }): InjectedVariable => {
    if (typeof value === "string") return { name, path, value, secret: false };
    return { name, path, value: opened[name] ?? "", secret: true, ...locationOf(value) };
  });
}

/** Where a reference's value is kept, or what it is put together from. */
export function locationOf(reference: SecretReference): Pick<InjectedVariable, "reference" | "parts"> {
  const parts = reference.parts.map((part) =>
    part.kind === "text"
      ? part.text
      : { path: part.path, ...(part.field === undefined ? {} : { field: part.field }) },
  );
  const [first] = parts;
  return parts.length === 1 && first !== undefined && typeof first !== "string"
    ? { reference: first }
    : { parts };
}

/** A reference of the configuration with the name that its value goes by. */
export interface NamedReference {
  readonly name: string;
  readonly reference: SecretReference;
}

/**
 * Opens several references, all of them or none.
 *
 * @throws LotseError naming every one that is missing or cannot be opened
 */
export async function openReferences(
  session: Session,
  scope: Scope,
  wanted: readonly NamedReference[],
): Promise<Readonly<Record<string, Sensitive<string>>>> {
  const opened = await Promise.allSettled(
    wanted.map(
      async ({ name, reference }) => [name, await openReference(session, scope, reference)] as const,
    ),
  );
  const failed = opened.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failed.length > 0) throw allOf(failed, scope);
  return Object.fromEntries(
    opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
  );
}

/** One error for several: the first, with what the others are about. */
function allOf(errors: readonly unknown[], scope: Scope): unknown {
  const known = errors.filter(isLotseError);
  const [first] = known;
  if (known.length !== errors.length || first === undefined)
    return errors.find((error) => !isLotseError(error));
  const missing = known.flatMap(({ code, where }) =>
    code === "secret.not-found" ? [where?.path ?? ""] : [],
  );
  if (missing.length < 2) return first;
  const names = [...new Set(missing)].sort();
  return new LotseError({
    code: first.code,
    message: `${formatScope(scope)} has no secret ${names.join(", ")}`,
    hint: first.hint,
    where: first.where,
    cause: new AggregateError(errors),
  });
}

/**
 * Every secret of a scope under its own name: `spotify.api_key` as `SPOTIFY_API_KEY`. Where several layers have a
 * variable, also by names that differ as those of YAML and `.env` files do, the highest one's counts.
 */
export async function openAllSecrets(
  session: Session,
  scope: Snapshot["scope"],
): Promise<readonly InjectedVariable[]> {
  return await Promise.all(
    (await allSecretVariables(session, scope)).map(async ({ name, path }) => {
      const { value } = await openSecret(session, scope, path);
      return { name, path, value, secret: true };
    }),
  );
}

/** The same with no value: which secret each variable would have, and where it is kept. */
export async function closedSecrets(
  session: Session,
  scope: Snapshot["scope"],
): Promise<readonly InjectedVariable[]> {
  await session.recorder.read({ action: "secret.list", object: "secrets", scope });
  return (await allSecretVariables(session, scope)).map(({ name, path }) => {
    const parts = parseSecretName(path);
    const field = parts.at(-1) ?? path;
    const entry = parts.slice(0, -1).join("/");
    const reference = entry === "" ? { path: field } : { path: entry, field };
    return { name, path, value: new Sensitive(""), secret: true, reference };
  });
}

/** Which secret of a scope each variable is: those of the highest layer that has one. */
async function allSecretVariables(
  session: Session,
  scope: Snapshot["scope"],
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const byVariable = new Map<string, readonly string[]>();
  for (const layer of secretLayersOf(session, scope)) {
    const own = Map.groupBy(await session.secrets.list([layer]), ({ name }) => variableOf(name));
    // Two names in one layer are no matter of layers: that is told when they are handed over.
    for (const [variable, secrets] of own) {
      // A value that was written blindly beside a `.env` file goes by another name, and counts before the file's.
      const beside = secrets.filter(({ incoming }) => incoming);
      const counting = beside.length > 0 ? beside : secrets;
      byVariable.set(
        variable,
        counting.map(({ name }) => name),
      );
    }
  }
  return [...byVariable].flatMap(([name, paths]) => paths.map((path) => ({ name, path })));
}

/** The variable of a secret: every character that no variable can have is an underscore. */
function variableOf(name: string): string {
  const variable = variableOfName(parseSecretName(name)).replaceAll(/[^A-Z0-9_]/gu, "_");
  return /^\d/u.test(variable) ? `_${variable}` : variable;
}
