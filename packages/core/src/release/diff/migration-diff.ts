import { migrationsBetween, wayBack, type MigrationBearer } from "../migrations/way-back.ts";

/** How the migrations of two releases differ. */
export interface MigrationDiff {
  readonly added: readonly { readonly path: string; readonly reversible: boolean }[];
  readonly removed: readonly { readonly path: string; readonly reversible: boolean }[];
  /** Files of the same name with other content: what was applied once is not applied again. */
  readonly changed: readonly string[];
  /** The migrations because of which there is no way back between the two; empty where there is one. */
  readonly irreversible: readonly string[];
}

/** Compares the migrations of two releases. */
export function migrationDiff(before: MigrationBearer, after: MigrationBearer): MigrationDiff {
  const named = ({ path, reversible }: { path: string; reversible: boolean }) => ({ path, reversible });
  const digests = new Map((before.migrations ?? []).map(({ path, digest }) => [path, digest] as const));
  const way = wayBack(before, after);
  return {
    added: migrationsBetween(before, after).map(named),
    removed: migrationsBetween(after, before).map(named),
    changed: (after.migrations ?? []).flatMap(({ path, digest }) =>
      digests.has(path) && digests.get(path) !== digest ? [path] : [],
    ),
    irreversible: way.ok ? [] : way.irreversible,
  };
}
