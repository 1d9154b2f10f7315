import { canonicalJson, digestOf } from "../../kernel/index.ts";
import { shortly } from "./configuration.ts";
import type { Fact, FactValue } from "./fact.ts";

/** What a scope is, as the engine itself knows it. */
export interface OwnInput {
  readonly profile: { readonly id: string; readonly kind: string };
  readonly frameworks: readonly string[];
}

/** Makes `environment.kind` and `compliance.frameworks`; scopes of the same kind and frameworks share them. */
export class OwnFacts {
  readonly #known = new Map<string, ReadonlyMap<string, Fact>>();

  /** The two facts of a scope. */
  of({ profile, frameworks }: OwnInput): ReadonlyMap<string, Fact> {
    const key = `${profile.id} ${profile.kind} ${frameworks.join(",")}`;
    let facts = this.#known.get(key);
    if (facts === undefined) {
      facts = new Map([
        ["environment.kind", ownFact("environment.kind", `profile ${profile.id}`, "profile", profile.kind)],
        [
          "compliance.frameworks",
          ownFact("compliance.frameworks", "frameworks of the tenant", "frameworks", frameworks),
        ],
      ]);
      this.#known.set(key, facts);
    }
    return facts;
  }
}

function ownFact(name: string, path: string, source: string, value: FactValue): Fact {
  return {
    value,
    evidence: {
      fact: name,
      path,
      valueHash: digestOf(canonicalJson(value)),
      shown: shortly(value),
      source,
    },
  };
}
