import type { Snapshot } from "../config/index.ts";
import type { SecretHandles } from "../release/index.ts";
import { planVariables } from "./secrets/variables.ts";

/**
 * The variables that a tenant's process gets besides its configuration file: the paths that the schema gives
 * a name with `x-env`. Secrets are left out, a release never holds them.
 */
export function variablesOf(snapshot: Snapshot): Readonly<Record<string, string>> {
  if (snapshot.policy === undefined) return {};
  return Object.fromEntries(
    planVariables(snapshot).flatMap(({ name, value }) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

/** The secrets that a tenant's process gets, by the variable's name: what they are called, not what they are. */
export function secretHandlesOf(snapshot: Snapshot): SecretHandles {
  if (snapshot.policy === undefined) return {};
  return Object.fromEntries(
    planVariables(snapshot).flatMap(({ name, value }) => {
      if (typeof value === "string") return [];
      const parts = value.parts.map((part) =>
        part.kind === "text"
          ? { kind: part.kind, text: part.text }
          : { kind: part.kind, path: part.path, field: part.field ?? null },
      );
      return [[name, parts]];
    }),
  );
}
