import { canonicalJson, digestOf } from "../../kernel/index.ts";
import type { NamedFramework } from "../frameworks/applied.ts";
import { shortly } from "./configuration.ts";
import type { Fact, FactValue } from "./fact.ts";

/** What a scope is, as the engine itself knows it. */
export interface OwnInput {
  readonly profile: { readonly id: string; readonly kind: string };
  readonly frameworks: readonly string[];
  /** Frameworks that it names and nobody described. @defaultValue none */
  readonly undescribed?: readonly NamedFramework[] | undefined;
}

/** Makes `environment.kind`, `compliance.frameworks` and, where there are any, the undescribed ones; scopes of the same kind and frameworks share them. */
export class OwnFacts {
  readonly #known = new Map<string, Map<string, Fact>>();

  /** The facts of a scope. */
  of({ profile, frameworks, undescribed = [] }: OwnInput): ReadonlyMap<string, Fact> {
    const places = undescribed.map(({ id, where }) => `${id} ${where.file ?? ""}:${where.line ?? 0}`);
    const key = `${profile.id} ${profile.kind} ${frameworks.join(",")} ${places.join(",")}`;
    let facts = this.#known.get(key);
    if (facts === undefined) {
      facts = new Map<string, Fact>([
        ["environment.kind", ownFact("environment.kind", `profile ${profile.id}`, "profile", profile.kind)],
        [
          "compliance.frameworks",
          ownFact("compliance.frameworks", "frameworks of the tenant", "frameworks", frameworks),
        ],
      ]);
      if (undescribed.length > 0) facts.set(undescribedName, undescribedFact(undescribed));
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

const undescribedName = "compliance.undescribed_frameworks";

function undescribedFact(named: readonly NamedFramework[]): Fact {
  const items = named.map(({ id, hint }) => ({ framework: id, hint }));
  const whole = ownFact(undescribedName, named[0]?.where.path ?? "", "frameworks", items);
  const at = (fact: Fact, index: number): Fact => {
    const { file, line, path } = named[index]?.where ?? {};
    const place = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
    return { ...fact, evidence: { ...fact.evidence, ...place, ...(path === undefined ? {} : { path }) } };
  };
  return {
    ...at(whole, 0),
    part: ([index]) => {
      const item = items[Number(index)];
      return item && at(ownFact(undescribedName, "", "frameworks", item), Number(index)).evidence;
    },
  };
}
