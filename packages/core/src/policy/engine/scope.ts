import type { MapNode, Snapshot, Source } from "../../config/index.ts";
import { digestOf, type LotseError } from "../../kernel/index.ts";
import type { ConfigurationFacts } from "../facts/configuration.ts";
import type { Fact, FactScope, FactSource } from "../facts/fact.ts";
import type { NamedFramework } from "../frameworks/applied.ts";
import type { Profile } from "../profiles/profile.ts";
import type { CanonicalMemo } from "./canonical-memo.ts";

/** One scope as the engine judges it: what it is for, what applies to it, and every fact about it. */
export interface PolicyScope extends FactScope {
  readonly profile: Profile;
  /** The ids of the frameworks that apply to this tenant here. */
  readonly frameworks: readonly string[];
  /** Whether it names frameworks that nobody described; the check `frameworks-described` says which. */
  readonly undescribed?: boolean;
  /**
   * SHA-256 of the resolved configuration in canonical JSON: what a release has as the digest of it. Worked
   * out when somebody looks at evidence.
   */
  readonly snapshot: () => string | undefined;
  /** Why the configuration does not resolve; then every check is unknown. */
  readonly problem?: LotseError;
  /** A fact; `undefined` where nobody knows it. */
  readonly find: (name: string) => Fact | undefined;
}

/** What a scope is put together from. */
export interface ScopeParts {
  readonly environment: string;
  readonly tenant: string | null;
  readonly profile: Profile;
  readonly frameworks: readonly string[];
  /** The frameworks that it names and nobody described, with the places. @defaultValue none */
  readonly undescribed?: readonly NamedFramework[];
  /** The resolved configuration; `undefined` where it does not resolve. */
  readonly snapshot: Snapshot | undefined;
}

/** Where the facts of all scopes come from. */
export interface FactOrigins {
  readonly configuration: ConfigurationFacts;
  readonly sources: readonly FactSource[];
  /** Facts that the engine makes itself, such as `environment.kind`. */
  readonly own: (parts: ScopeParts) => ReadonlyMap<string, Fact>;
  readonly canonical: CanonicalMemo;
}

/**
 * Puts a scope together. Facts are looked up when a rule asks, each once; of several sources that know one,
 * the first is believed, and the configuration before all of them.
 */
export function policyScope(parts: ScopeParts, origins: FactOrigins): PolicyScope {
  const { environment, tenant, profile, frameworks, snapshot, undescribed = [] } = parts;
  const own = origins.own(parts);
  const known = new Map<string, Fact | undefined>();
  const layers = snapshot === undefined ? new Map<Source, string>() : layersOf(snapshot);
  const find = (name: string): Fact | undefined => {
    const made = own.get(name);
    if (made !== undefined) return made;
    if (snapshot !== undefined && origins.configuration.knows(name)) {
      const fact = origins.configuration.find(snapshot, layers, name);
      if (fact !== undefined) return fact;
    }
    for (const source of origins.sources) {
      if (!source.provides.includes(name)) continue;
      const fact = source.facts({ environment, tenant }, snapshot).get(name);
      if (fact !== undefined) return fact;
    }
    return undefined;
  };
  return {
    environment,
    tenant,
    profile,
    frameworks,
    ...(undescribed.length === 0 ? {} : { undescribed: true }),
    snapshot: digestOnce(snapshot?.root, origins.canonical),
    find: (name) => {
      const fact = known.get(name);
      if (fact !== undefined || known.has(name)) return fact;
      const found = find(name);
      known.set(name, found);
      return found;
    },
  };
}

/** The layer that each source belongs to in a scope; of several, the highest. */
function layersOf(snapshot: Snapshot): ReadonlyMap<Source, string> {
  const layers = new Map<Source, string>();
  for (const { entry } of snapshot.steps) {
    if (entry !== undefined) layers.set(entry.document.source, entry.layer);
  }
  return layers;
}

/** Lets go of the configuration once its digest is known. */
function digestOnce(root: MapNode | undefined, canonical: CanonicalMemo): () => string | undefined {
  let from = root;
  let digest: string | undefined;
  return () => {
    if (from !== undefined) digest = digestOf(canonical.textOf(from));
    from = undefined;
    return digest;
  };
}
