import { isScalarNode, variableName, type Node, type Policy, type Snapshot } from "../../config/index.ts";
import type { SecretReference } from "../../config/index.ts";
import { Sensitive } from "../../kernel/index.ts";
import { variableOfName } from "../../secrets/store/index.ts";
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
  return await Promise.all(
    planned.map(async ({ name, path, value }): Promise<InjectedVariable> => {
      if (typeof value === "string") return { name, path, value, secret: false };
      const [first] = value.secrets;
      const location =
        first === undefined || value.parts.length !== 1
          ? {}
          : { reference: { path: first.path, ...(first.field === undefined ? {} : { field: first.field }) } };
      return { name, path, value: await openReference(session, scope, value), secret: true, ...location };
    }),
  );
}

/** Every secret of a scope under its own name: `spotify.api_key` as `SPOTIFY_API_KEY`. */
export async function openAllSecrets(
  session: Session,
  scope: Snapshot["scope"],
): Promise<readonly InjectedVariable[]> {
  const listed = await session.secrets.list(secretLayersOf(session, scope));
  return await Promise.all(
    listed.map(async ({ name }) => {
      const { value } = await openSecret(session, scope, name);
      return { name: variableOfName(name.split(".")), path: name, value, secret: true };
    }),
  );
}

/** The secret variables alone, as a target takes them. */
export async function secretVariables(
  session: Session,
  snapshot: Snapshot,
): Promise<Readonly<Record<string, Sensitive<string>>>> {
  const planned = planVariables(snapshot).filter(({ value }) => typeof value !== "string");
  const opened = await openVariables(session, snapshot, planned);
  return Object.fromEntries(
    opened.flatMap(({ name, value }) => (value instanceof Sensitive ? [[name, value]] : [])),
  );
}
