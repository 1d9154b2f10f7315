import type { Migration, Release } from "../release.ts";

/** What of a release tells which migrations it brings. */
export type MigrationBearer = Pick<Release, "version" | "migrations">;

/** Whether one can go between two releases and back. */
export type WayBack =
  | { readonly ok: true }
  /** The paths of the migrations that cannot be undone, in the order in which they are applied. */
  | { readonly ok: false; readonly irreversible: readonly string[] };

/**
 * The migrations that `to` has and `from` does not: what deploying `to` over `from` applies. A release that names
 * no migrations counts as having none.
 */
export function migrationsBetween(from: MigrationBearer, to: MigrationBearer): readonly Migration[] {
  const known = new Set((from.migrations ?? []).map(({ path }) => path));
  return (to.migrations ?? []).filter(({ path }) => !known.has(path));
}

/**
 * Whether a tenant can move between two releases and back again: whether no migration that only one of them has is
 * irreversible. The order of the two does not matter, so the same question serves both sides:
 *
 * - before deploying `to` over `from`: `ok: false` means that no automatic rollback can follow, so the deploy is
 *   refused until somebody accepts that;
 * - before rolling back: `ok: false` means that the way back leads past an irreversible migration.
 */
export function wayBack(from: MigrationBearer, to: MigrationBearer): WayBack {
  const crossed = [...migrationsBetween(from, to), ...migrationsBetween(to, from)];
  const irreversible = crossed.flatMap(({ path, reversible }) => (reversible ? [] : [path]));
  return irreversible.length === 0 ? { ok: true } : { ok: false, irreversible };
}
