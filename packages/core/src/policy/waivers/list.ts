import { diagnosticOf, type Diagnostic } from "../../kernel/index.ts";
import { daysBetween, problemsOf, type WaiverRules } from "./judge.ts";
import type { Waiver, WaiverFiles } from "./waiver.ts";

/** A waiver in a list. */
export interface ListedWaiver {
  readonly id: string;
  readonly file: string;
  readonly check: string;
  readonly environments: readonly string[];
  readonly tenants: readonly string[];
  readonly owner: string;
  readonly reason: string;
  readonly approver: string;
  readonly approved: string;
  readonly expires: string;
  /** Days that it still holds; negative after it expired. */
  readonly daysLeft: number;
  readonly state: "active" | "expired" | "broken" | "unverified";
}

/** All findings about the waivers of a workspace, broken files included. @param today - `YYYY-MM-DD` */
export function lintWaivers(read: WaiverFiles, today: string, rules: WaiverRules): readonly Diagnostic[] {
  return [
    ...read.problems.map((problem) => diagnosticOf(problem)),
    ...read.waivers.flatMap((waiver) =>
      problemsOf(waiver, today, rules).map(({ kind, code, message, hint, key }): Diagnostic => ({
        code,
        severity: kind === "unverified" ? "warning" : "error",
        message: `${waiver.id}: ${message}`,
        hint,
        where: waiver.where(key),
      })),
    ),
  ];
}

/** The waivers with what they are worth, those that end soonest first. @param today - `YYYY-MM-DD` */
export function listWaivers(
  waivers: readonly Waiver[],
  today: string,
  rules: WaiverRules,
): readonly ListedWaiver[] {
  return waivers
    .map((waiver): ListedWaiver => {
      const kinds = new Set(problemsOf(waiver, today, rules).map(({ kind }) => kind));
      const { id, file, check, owner, reason, approver, approved, expires, scope } = waiver;
      return {
        id,
        file,
        check,
        environments: scope.environments,
        tenants: scope.tenants,
        owner,
        reason,
        approver,
        approved,
        expires,
        daysLeft: daysBetween(today, expires),
        state: kinds.has("broken")
          ? "broken"
          : kinds.has("expired")
            ? "expired"
            : kinds.has("unverified")
              ? "unverified"
              : "active",
      };
    })
    .sort((left, right) => (left.expires < right.expires ? -1 : left.expires > right.expires ? 1 : 0));
}

/**
 * The waivers that end within some days, or have ended.
 *
 * @param withinDays - counted from today; today itself is 0
 */
export function expiringWaivers(
  waivers: readonly Waiver[],
  today: string,
  rules: WaiverRules,
  withinDays: number,
): readonly ListedWaiver[] {
  return listWaivers(waivers, today, rules).filter(({ daysLeft }) => daysLeft <= withinDays);
}
