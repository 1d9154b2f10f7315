import type { Diagnostic } from "../../kernel/index.ts";
import { parsePath } from "../model/path.ts";
import type { PlacedBreakGlass } from "../workspace/workspace.ts";
import type { Violation } from "./check.ts";

/** Where and when a violation happened, to find the entry that lifts the lock. */
export interface BreakGlassScope {
  readonly environment: string;
  readonly tenant: string | undefined;
  readonly environmentNames: ReadonlyMap<string, string>;
  readonly now: Date;
}

/**
 * Lets break-glass entries lift locks: what one covers becomes a warning that tells its reason; what an
 * expired one covered is an error that says so.
 */
export function liftLocks(
  violations: readonly Violation[],
  entries: readonly PlacedBreakGlass[],
  scope: BreakGlassScope,
): readonly Diagnostic[] {
  const today = scope.now.toISOString().slice(0, 10);
  return violations.map(({ path, diagnostic }) => {
    const covering = entries.filter((entry) => covers(entry, path, scope));
    const open = covering.find((entry) => entry.expires >= today);
    const related = (entry: PlacedBreakGlass) => [...(diagnostic.related ?? []), entry.where];
    if (open !== undefined) {
      return {
        ...diagnostic,
        code: "lock.break-glass",
        severity: "warning",
        message: `${diagnostic.message}; lifted until ${open.expires}: ${open.reason}`,
        hint: `remove the entry in ${open.where.file ?? "lotse.yml"} when it is no longer needed`,
        related: related(open),
      };
    }
    const expired = covering[0];
    if (expired === undefined) return diagnostic;
    return {
      ...diagnostic,
      message: `${diagnostic.message}; the break-glass entry for it expired on ${expired.expires}`,
      related: related(expired),
    };
  });
}

function covers(entry: PlacedBreakGlass, path: string, scope: BreakGlassScope): boolean {
  if (entry.environment !== undefined && scope.environmentNames.get(entry.environment) !== scope.environment)
    return false;
  if (entry.tenant !== undefined && entry.tenant !== scope.tenant) return false;
  const above = parsePath(entry.path);
  const full = parsePath(path);
  return above.every((segment, index) => full[index] === segment);
}
