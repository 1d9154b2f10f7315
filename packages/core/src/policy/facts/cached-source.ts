import { canonicalJson, digestOf } from "../../kernel/index.ts";
import type { Evidence } from "../model.ts";
import { shortly } from "./configuration.ts";
import type { Fact, FactScope, FactSource, FactValue } from "./fact.ts";

/** What a source says of one scope: values by the name of the fact, with the place and time where known. */
export interface Statement {
  readonly value: FactValue;
  /** The name of the record, such as `audit.verify`. */
  readonly path: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** When it was observed, ISO 8601 in UTC. */
  readonly at?: string | undefined;
  /** What may be shown of the value. @defaultValue the value itself, shortened */
  readonly shown?: string | undefined;
}

/**
 * Makes a source of statements. Each scope is asked once, and equal statements are one fact, so that verdicts
 * on them are shared.
 *
 * @param tell - what is known about a scope; a name that is left out is unknown
 */
export function cachedSource(
  name: string,
  provides: readonly string[],
  tell: (scope: FactScope) => Readonly<Record<string, Statement | undefined>>,
): FactSource {
  const byScope = new Map<string, ReadonlyMap<string, Fact>>();
  const byContent = new Map<string, Fact>();
  return {
    name,
    provides,
    facts: (scope) => {
      const key = `${scope.environment}:${scope.tenant ?? ""}`;
      const known = byScope.get(key);
      if (known !== undefined) return known;
      const facts = new Map<string, Fact>();
      for (const [fact, statement] of Object.entries(tell(scope))) {
        if (statement !== undefined) facts.set(fact, factFrom(name, fact, statement, byContent));
      }
      byScope.set(key, facts);
      return facts;
    },
  };
}

function factFrom(source: string, name: string, statement: Statement, known: Map<string, Fact>): Fact {
  const { value, path, file, line, at, shown } = statement;
  const hash = digestOf(canonicalJson(value));
  const content = [name, hash, path, file ?? "", line ?? "", at ?? ""].join("\n");
  const before = known.get(content);
  if (before !== undefined) return before;
  const evidence: Evidence = {
    fact: name,
    path,
    valueHash: hash,
    shown: shown ?? shortly(value),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(at === undefined ? {} : { at }),
    source,
  };
  const fact: Fact = { value, evidence };
  known.set(content, fact);
  return fact;
}
