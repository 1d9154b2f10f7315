import type { Scope } from "../workload/workload.ts";

/** A resolver of scopes under measurement. */
export interface Contender {
  /** Resolves one scope of the tree; its values are read with {@link Contender.get}. */
  readonly resolve: (scope: Scope) => unknown;
  /** A value of what was resolved. */
  readonly get: (resolved: unknown, path: readonly string[]) => unknown;
  /** How many scopes are resolved at most; the time of all is extrapolated from them. @defaultValue all */
  readonly sample?: number;
}

/** Makes a contender for a tree on disk. */
export type MakeContender = (directory: string) => Contender | Promise<Contender>;

/** Reads a path of plain objects. */
export function plainGet(resolved: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], resolved);
}
