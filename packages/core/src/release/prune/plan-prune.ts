import type { Release } from "../release.ts";

/** Why a release stays. */
type KeptBecause = "in-use" | "newest";

/** What pruning does; nothing has happened yet. */
export interface PrunePlan {
  readonly kept: readonly { readonly release: Release; readonly because: KeptBecause }[];
  readonly removed: readonly Release[];
}

/**
 * Plans which releases go: all but those in use and the newest ones.
 *
 * @param releases - all there are
 * @param keep - how many of the newest stay; those in use count among them
 * @param inUse - ids of what is deployed anywhere, what a tenant would go back to, and what a rollout names
 */
export function planPrune(releases: readonly Release[], keep: number, inUse: ReadonlySet<string>): PrunePlan {
  const newestFirst = releases.toSorted(
    (left, right) => order(right.createdAt, left.createdAt) || order(right.id, left.id),
  );
  const newest = new Set(newestFirst.slice(0, keep).map(({ id }) => id));
  const kept: { release: Release; because: KeptBecause }[] = [];
  const removed: Release[] = [];
  for (const release of newestFirst) {
    if (inUse.has(release.id)) kept.push({ release, because: "in-use" });
    else if (newest.has(release.id)) kept.push({ release, because: "newest" });
    else removed.push(release);
  }
  return { kept, removed };
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
