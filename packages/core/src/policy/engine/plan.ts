import { frameworksDescribed } from "../checks/frameworks-described.ts";
import type { Check } from "../checks/check.ts";
import { requirementsByCheck, type Framework } from "../frameworks/framework.ts";
import type { RequirementReference } from "../model.ts";
import type { Profile } from "../profiles/profile.ts";

/** A check that runs in a scope, with the requirements of the scope's own frameworks that it is evidence for. */
export interface PlannedCheck {
  readonly check: Check;
  readonly requirements: readonly RequirementReference[];
  /** Why it does not apply for some kinds of data; see the profile's `not-applicable`. */
  readonly exempt: Profile["not-applicable"];
}

/** Decides which checks run where. What scopes have in common is decided once. */
export class CheckPlanner {
  readonly #checks: readonly Check[];
  readonly #frameworks: readonly Framework[];
  readonly #only: string | undefined;
  readonly #plans = new Map<Profile, Map<string, readonly PlannedCheck[]>>();

  /** @param only - one framework; checks of the profile and of other frameworks are left out then */
  constructor(checks: readonly Check[], frameworks: readonly Framework[], only?: string) {
    this.#checks = checks;
    this.#frameworks = frameworks;
    this.#only = only;
  }

  /**
   * The checks of a scope: those that its frameworks name, and those of its profile.
   *
   * @param undescribed - whether it names frameworks that nobody described, which is a finding. @defaultValue false
   */
  planOf(profile: Profile, frameworks: readonly string[], undescribed = false): readonly PlannedCheck[] {
    let plans = this.#plans.get(profile);
    if (plans === undefined) {
      plans = new Map();
      this.#plans.set(profile, plans);
    }
    const key = `${frameworks.join(",")}${undescribed ? "!" : ""}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const own = this.#make(profile, frameworks);
    const made = undescribed
      ? [...own, { check: frameworksDescribed, requirements: [], exempt: undefined }]
      : own;
    plans.set(key, made);
    return made;
  }

  #make(profile: Profile, frameworks: readonly string[]): readonly PlannedCheck[] {
    const applied = this.#frameworks.filter(
      ({ id }) => frameworks.includes(id) && (this.#only === undefined || id === this.#only),
    );
    const requirements = requirementsByCheck(applied);
    const own = new Set(this.#only === undefined ? profile.checks : []);
    const exemption = profile["not-applicable"];
    return this.#checks
      .filter(({ id }) => requirements.has(id) || own.has(id))
      .map((check) => ({
        check,
        requirements: requirements.get(check.id) ?? [],
        exempt: exemption?.checks.includes(check.id) === true ? exemption : undefined,
      }));
  }
}
