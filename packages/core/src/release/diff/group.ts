import { canonicalJson } from "../../kernel/index.ts";

/** A change, and for whom it is the same. */
export type Grouped<Change> = Change & {
  /** Each as `environment:tenant`. */
  readonly scopes: readonly string[];
};

/** Puts changes that are the same for many tenants together, in the order in which they were met first. */
export function groupByChange<Change extends object>(
  changes: Iterable<readonly [scope: string, change: Change]>,
): readonly Grouped<Change>[] {
  const groups = new Map<string, { readonly change: Change; readonly scopes: string[] }>();
  for (const [scope, change] of changes) {
    const key = canonicalJson(change);
    const group = groups.get(key) ?? { change, scopes: [] };
    group.scopes.push(scope);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ change, scopes }) => ({ ...change, scopes }));
}
