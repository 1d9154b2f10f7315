import type { ResolvedScope, Snapshot } from "../../config/index.ts";
import type { LotseError } from "../../kernel/index.ts";
import { factPaths } from "../facts/catalogue.ts";
import { comparedFacts, type ComparedScope } from "../facts/comparison.ts";
import { ConfigurationFacts } from "../facts/configuration.ts";
import type { Fact, FactSource } from "../facts/fact.ts";
import { OwnFacts } from "../facts/own.ts";
import { appliedFrameworks, frameworksOfSettings } from "../frameworks/applied.ts";
import { profileOf, type Profile } from "../profiles/profile.ts";
import type { PolicyRules } from "../rules.ts";
import { ownPaths } from "../settings.ts";
import { CanonicalMemo } from "./canonical-memo.ts";
import { policyScope, type PolicyScope } from "./scope.ts";

/** A scope that can be judged, what others compare with it, and the files that it was resolved from. */
export interface MadeScope {
  readonly policy: PolicyScope;
  readonly compared: ComparedScope;
  readonly files: readonly string[];
}

/** Makes scopes of snapshots. What scopes have in common is one object, also between calls. */
export class ScopeMaker {
  readonly #rules: PolicyRules;
  readonly #configuration: ConfigurationFacts;
  readonly #own = new OwnFacts();
  readonly #canonical = new CanonicalMemo();
  readonly #frameworks: ReadonlySet<string>;
  readonly #profiles = new Map<string, Profile>();

  constructor(rules: PolicyRules) {
    this.#rules = rules;
    this.#configuration = new ConfigurationFacts(factPaths(ownPaths(rules.settings)));
    this.#frameworks = new Set(rules.frameworks.map(({ id }) => id));
  }

  /** The configuration paths of each fact. */
  get paths(): ReadonlyMap<string, readonly string[]> {
    return this.#configuration.paths;
  }

  /**
   * Makes a scope of a snapshot.
   *
   * @param comparison - supplies what comes of comparing scopes; it is asked when the scope is judged
   * @throws LotseError `policy.profile`
   */
  make(snapshot: Snapshot, comparison: FactSource): MadeScope {
    const { environment } = snapshot.scope;
    const tenant = snapshot.scope.tenant ?? null;
    const profile = this.#profileOf(environment);
    const { settings } = this.#rules;
    const { described, undescribed } = appliedFrameworks(snapshot, settings.frameworks, this.#frameworks);
    const policy = policyScope(
      { environment, tenant, profile, frameworks: described, undescribed, snapshot },
      {
        configuration: this.#configuration,
        sources: [...this.#rules.sources, comparison],
        own: (parts) => this.#own.of(parts),
        canonical: this.#canonical,
      },
    );
    const facts = new Map<string, Fact | undefined>(comparedFacts.map((name) => [name, policy.find(name)]));
    return {
      policy,
      compared: { environment, tenant, kind: profile.kind, facts },
      files: snapshot.steps.flatMap(({ entry }) => entry?.document.source.file ?? []),
    };
  }

  /**
   * Makes the scope of a configuration that does not resolve. Where its own list of frameworks cannot be read, what
   * the settings say of it counts.
   *
   * @param snapshot - what there is of it, where single references are all that is wrong
   * @throws LotseError `policy.profile`
   */
  makeUnresolved(
    { environment, tenant }: ResolvedScope,
    problem: LotseError,
    snapshot?: Snapshot,
  ): MadeScope {
    const profile = this.#profileOf(environment);
    const scope = { environment, tenant: tenant ?? null };
    const { settings } = this.#rules;
    const frameworks =
      snapshot === undefined
        ? frameworksOfSettings(settings.frameworks, tenant).filter((id) => this.#frameworks.has(id))
        : appliedFrameworks(snapshot, settings.frameworks, this.#frameworks).described;
    return {
      policy: { ...scope, profile, frameworks, problem, snapshot: () => undefined, find: () => undefined },
      compared: { ...scope, kind: profile.kind, facts: new Map(), unresolved: true },
      files: [],
    };
  }

  #profileOf(environment: string): Profile {
    let profile = this.#profiles.get(environment);
    if (profile === undefined) {
      profile = profileOf(environment, this.#rules.profiles, this.#rules.settings.profiles);
      this.#profiles.set(environment, profile);
    }
    return profile;
  }
}
