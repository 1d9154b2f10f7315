import { canonicalJson, digestOf } from "../../kernel/index.ts";
import type { FactName } from "./catalogue.ts";
import { shortly } from "./configuration.ts";
import type { Fact, FactScope, FactSource, FactValue } from "./fact.ts";

/** A scope as the comparison sees it: what it is for, and the facts that are compared. */
export interface ComparedScope extends FactScope {
  readonly kind: string;
  /** Facts by the names of {@link comparedFacts}. */
  readonly facts: ReadonlyMap<string, Fact | undefined>;
  /** Its configuration does not resolve, so nothing can be compared with it. @defaultValue false */
  readonly unresolved?: boolean;
}

/** What staging has to have in common with production. */
const mirroredFacts: readonly FactName[] = [
  "tls.min_version",
  "http.redirect_to_https",
  "http.hsts_enabled",
  "database.ssl_mode",
  "database.encrypted_at_rest",
  "database.public_access",
  "mfa.administrators",
  "session.idle_timeout_minutes",
  "lockout.max_attempts",
  "password.min_length",
  "access.shared_accounts",
  "network.isolation",
  "network.default_policy",
  "network.egress_policy",
  "waf.mode",
  "rate_limit.enabled",
  "workload.pod_security",
  "images.pinned_by_digest",
  "images.signature_required",
  "audit.enabled",
  "logging.masking_mode",
  "application.debug",
];

const keyFact = "encryption.key" satisfies FactName;

/** The names of the facts that scopes are compared by. */
export const comparedFacts: readonly FactName[] = [keyFact, ...mirroredFacts];

/**
 * Facts that no scope has by itself: which other environments use its key, and how staging differs from
 * production. Scopes can be replaced one by one; equal facts stay one object, so that what did not change is
 * seen at a glance.
 */
export class Comparison implements FactSource {
  readonly name = "comparison";
  readonly provides = ["encryption.key_shared_with", "staging.differences"];
  readonly #scopes = new Map<string, ComparedScope>();
  /** The scopes that use each key. */
  readonly #users = new Map<string, Set<string>>();
  /** The scopes of each tenant. */
  readonly #tenants = new Map<string, Set<string>>();
  readonly #known = new Map<string, Fact>();

  /**
   * Puts a scope in, in place of the one that was there.
   *
   * @returns the scopes whose facts may differ now, as `environment:tenant`
   */
  put(scope: ComparedScope): ReadonlySet<string> {
    const name = nameOf(scope);
    const before = this.#scopes.get(name);
    if (
      before !== undefined &&
      comparedFacts.every((fact) => before.facts.get(fact) === scope.facts.get(fact))
    ) {
      this.#scopes.set(name, scope);
      return new Set();
    }
    const touched = new Set([name, ...(this.#tenants.get(scope.tenant ?? "") ?? [])]);
    for (const key of [keyOf(before), keyOf(scope)]) {
      for (const user of this.#users.get(key ?? "") ?? []) touched.add(user);
    }
    this.#users.get(keyOf(before) ?? "")?.delete(name);
    this.#scopes.set(name, scope);
    addTo(this.#tenants, scope.tenant ?? "", name);
    const key = keyOf(scope);
    if (key !== undefined) addTo(this.#users, key, name);
    return touched;
  }

  facts(scope: FactScope): ReadonlyMap<string, Fact> {
    const facts = new Map<string, Fact>();
    const own = this.#scopes.get(nameOf(scope));
    if (own === undefined) return facts;
    const key = keyOf(own);
    if (key !== undefined) {
      const others = new Set(
        [...(this.#users.get(key) ?? [])].map((name) => this.#scopes.get(name)?.environment ?? ""),
      );
      others.delete(own.environment);
      facts.set("encryption.key_shared_with", this.#fact("encryption.key_shared_with", [...others].sort()));
    }
    if (own.kind !== "staging") return facts;
    const production = this.#productionOf(own);
    if (production?.unresolved === true) return facts;
    const differences = production === undefined ? null : differencesOf(own, production);
    facts.set("staging.differences", this.#fact("staging.differences", differences));
    return facts;
  }

  #productionOf({ tenant }: FactScope): ComparedScope | undefined {
    return [...(this.#tenants.get(tenant ?? "") ?? [])]
      .map((name) => this.#scopes.get(name))
      .find((scope) => scope?.kind === "production");
  }

  #fact(name: string, value: readonly FactValue[] | null): Fact {
    const content = value?.length === 0 ? name : `${name} ${canonicalJson(value)}`;
    const before = this.#known.get(content);
    if (before !== undefined) return before;
    const fact: Fact = {
      value,
      evidence: {
        fact: name,
        path: "all scopes",
        valueHash: digestOf(canonicalJson(value)),
        shown: shortly(value),
        source: this.name,
      },
    };
    this.#known.set(content, fact);
    return fact;
  }
}

function addTo(map: Map<string, Set<string>>, key: string, name: string): void {
  const names = map.get(key);
  if (names === undefined) map.set(key, new Set([name]));
  else names.add(name);
}

function nameOf({ environment, tenant }: FactScope): string {
  return `${environment}:${tenant ?? ""}`;
}

function keyOf(scope: ComparedScope | undefined): string | undefined {
  const value = scope?.facts.get(keyFact)?.value;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function differencesOf(staging: ComparedScope, production: ComparedScope): readonly FactValue[] {
  return mirroredFacts.flatMap((name) => {
    const [left, right] = [staging.facts.get(name), production.facts.get(name)];
    if (left === right) return [];
    const [here, there] = [left?.value ?? null, right?.value ?? null];
    if (here === there || canonicalJson(here) === canonicalJson(there)) return [];
    return [{ name, staging: here, production: there }];
  });
}
