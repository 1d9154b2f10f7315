import { suggest } from "../../config/index.ts";
import type { Waiver } from "./waiver.ts";

/** What bounds waivers. */
export interface WaiverRules {
  /** From approval to expiry at most. @defaultValue 180 */
  readonly maxDays: number;
  /** The ids of the checks there are. */
  readonly checks: ReadonlySet<string>;
}

/** What is the matter with a waiver. */
export interface WaiverProblem {
  /**
   * `expired` and `broken` ones do not hold; `unverified` ones, whose author nobody knows, do not hold in a
   * strict run.
   */
  readonly kind: "expired" | "broken" | "unverified";
  readonly message: string;
  readonly hint: string;
  readonly key: "check" | "approver" | "approved" | "expires";
  readonly code: "waiver.invalid" | "waiver.expired" | "waiver.approval";
}

const msPerDay = 86_400_000;

/** Whole days from one day to another, both `YYYY-MM-DD`. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / msPerDay;
}

/**
 * What is the matter with a waiver on a day; empty where it holds.
 *
 * @param today - `YYYY-MM-DD`
 */
export function problemsOf(waiver: Waiver, today: string, rules: WaiverRules): readonly WaiverProblem[] {
  const found: WaiverProblem[] = [];
  if (!rules.checks.has(waiver.check)) {
    found.push({
      kind: "broken",
      code: "waiver.invalid",
      key: "check",
      message: `there is no check ${waiver.check}`,
      hint: suggest(waiver.check, [...rules.checks]),
    });
  }
  if (waiver.approved > today || waiver.approved > waiver.expires) {
    found.push({
      kind: "broken",
      code: "waiver.invalid",
      key: "approved",
      message: `it was approved on ${waiver.approved}, which is ${waiver.approved > today ? "in the future" : "after it expires"}`,
      hint: "write the day on which the approver agreed",
    });
  } else if (daysBetween(waiver.approved, waiver.expires) > rules.maxDays) {
    found.push({
      kind: "broken",
      code: "waiver.invalid",
      key: "expires",
      message: `it holds for ${daysBetween(waiver.approved, waiver.expires)} days, and at most ${rules.maxDays} are allowed`,
      hint: "choose an earlier day, and have it approved again when it comes",
    });
  }
  if (waiver.expires < today) {
    found.push({
      kind: "expired",
      code: "waiver.expired",
      key: "expires",
      message: `it expired on ${waiver.expires}`,
      hint: "meet the check and remove the waiver, or have it approved again",
    });
  }
  return [...found, ...approvalProblems(waiver)];
}

function approvalProblems({ approver, authors }: Waiver): readonly WaiverProblem[] {
  const same = (left: string, right: string): boolean =>
    left.trim().toLowerCase() === right.trim().toLowerCase();
  if (authors === undefined) {
    return [
      {
        kind: "unverified",
        code: "waiver.approval",
        key: "approver",
        message: "nobody knows who wrote it, so it cannot be told that the approver is somebody else",
        hint: "commit the file to git",
      },
    ];
  }
  if (!authors.some((author) => same(author, approver) || same(author.replace(/.*<(.*)>$/u, "$1"), approver)))
    return [];
  return [
    {
      kind: "broken",
      code: "waiver.approval",
      key: "approver",
      message: `${approver} approved it and wrote it`,
      hint: "have it approved by somebody else",
    },
  ];
}
