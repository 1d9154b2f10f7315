/** The part of a fact that decided, so that evidence names the exact place. */
export interface DecidingPart {
  readonly fact: string;
  /** Keys and indexes below the fact's value. */
  readonly path: readonly string[];
}

/** What a rule says. Waivers are applied later, and a missing fact ends the rule before it gets here. */
export interface Verdict {
  readonly status: "pass" | "fail" | "not-applicable" | "manual" | "unknown";
  /** One sentence without a full stop: what was found. */
  readonly message: string;
  readonly parts?: readonly DecidingPart[];
}

/** The requirement is met. */
export function pass(message: string): Verdict {
  return { status: "pass", message };
}

/** The requirement is not met. @param parts - what decided, where it is a part of a fact */
export function fail(message: string, parts: readonly DecidingPart[] = []): Verdict {
  return parts.length === 0 ? { status: "fail", message } : { status: "fail", message, parts };
}

/** There is nothing here that the requirement is about. */
export function notApplicable(message: string): Verdict {
  return { status: "not-applicable", message };
}
