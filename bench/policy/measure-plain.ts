// The same rules over each tenant by itself, as a script would: node measure-plain.ts DIRECTORY
import {
  explain,
  nodeAt,
  parsePath,
  toJson,
  type ResolvedScope,
  type Snapshot,
} from "../../packages/core/src/config/index.ts";
import { digestOf } from "../../packages/core/src/kernel/index.ts";
import { runRule } from "../../packages/core/src/policy/engine/memo.ts";
import { CheckPlanner } from "../../packages/core/src/policy/engine/plan.ts";
import { definitionOf } from "../../packages/core/src/policy/facts/catalogue.ts";
import { comparedFacts, Comparison } from "../../packages/core/src/policy/facts/comparison.ts";
import { findPlainSecrets, PlainSecretMemo } from "../../packages/core/src/policy/facts/plain-secrets.ts";
import { appliedFrameworks } from "../../packages/core/src/policy/frameworks/applied.ts";
import {
  factOf,
  profileOf,
  type Fact,
  type FactValue,
  type Profile,
} from "../../packages/core/src/policy/index.ts";
import { countOf, peakMegabytes, timed, type Measured } from "./measured.ts";
import { openWorkload } from "./workspace.ts";

const [directory = ""] = process.argv.slice(2);
const { rules, scopes, snapshotOf } = await openWorkload(directory);
const known = new Set(rules.frameworks.map(({ id }) => id));
const planner = new CheckPlanner(rules.checks, rules.frameworks);
const today = new Date().toISOString().slice(0, 10);

/** A fact of one snapshot, with the place that `explain` finds. */
function factAt(snapshot: Snapshot, name: string): Fact | undefined {
  for (const path of definitionOf(name)?.paths ?? []) {
    const node = nodeAt(snapshot.root, parsePath(path));
    if (node === undefined) continue;
    const text = toJson(node, 0);
    const { layer, file, line } = explain(snapshot, path);
    return factOf(JSON.parse(text) as FactValue, {
      fact: name,
      path,
      layer,
      file,
      line,
      valueHash: digestOf(text),
    });
  }
  return undefined;
}

/** Every fact of a scope: from the configuration, from records, and from comparing it with the others. */
function finderOf(scope: ResolvedScope, comparison: Comparison): (name: string) => Fact | undefined {
  const snapshot = snapshotOf(scope);
  const place = { environment: scope.environment, tenant: scope.tenant ?? null };
  const own = new Map<string, FactValue>([
    ["environment.kind", kindOf(scope)],
    ["compliance.frameworks", frameworksOf(scope)],
  ]);
  return (name) => {
    const value = own.get(name);
    if (value !== undefined) return factOf(value, { fact: name, path: name });
    if (name === "secrets.plain_text") {
      const written = snapshot.steps.at(-1)?.root ?? snapshot.root;
      const found = findPlainSecrets(written, snapshot.policy, new PlainSecretMemo());
      return factOf(
        found.map((each) => ({ ...each })),
        { fact: name, path: name },
      );
    }
    const fact = factAt(snapshot, name);
    if (fact !== undefined) return fact;
    return [...rules.sources, comparison]
      .map((source) => source.facts(place).get(name))
      .find((each) => each !== undefined);
  };
}

function profileIn({ environment }: ResolvedScope): Profile {
  return profileOf(environment, rules.profiles, rules.settings.profiles);
}

function kindOf(scope: ResolvedScope): string {
  return profileIn(scope).kind;
}

function frameworksOf(scope: ResolvedScope): readonly string[] {
  return appliedFrameworks(snapshotOf(scope), rules.settings.frameworks, known).described;
}

const statuses: string[] = [];
const { wallMs, cpuMs } = timed(() => {
  const comparison = new Comparison();
  for (const scope of scopes) {
    const facts = new Map(comparedFacts.map((name) => [name as string, factAt(snapshotOf(scope), name)]));
    comparison.put({
      environment: scope.environment,
      tenant: scope.tenant ?? null,
      kind: kindOf(scope),
      facts,
    });
  }
  for (const scope of scopes) {
    const find = finderOf(scope, comparison);
    for (const { check, exempt } of planner.planOf(profileIn(scope), frameworksOf(scope))) {
      const source = find("environment.data_source")?.value;
      if (typeof source === "string" && exempt?.["data-sources"].includes(source) === true) {
        statuses.push("not-applicable");
        continue;
      }
      const declared = new Set([...check.facts, ...(check.optional ?? [])]);
      const { verdict, facts } = runRule(check, declared, today, find, () => "");
      statuses.push(verdict.status);
      if (facts.some(({ evidence }) => evidence.fact === "")) throw new Error("no evidence");
    }
  }
});
const measured: Measured = {
  name: "the same rules, each tenant by itself",
  wallMs,
  cpuMs,
  peakMegabytes: peakMegabytes(),
  verdicts: statuses.length,
  statuses: countOf(statuses),
};
process.stdout.write(JSON.stringify(measured));
