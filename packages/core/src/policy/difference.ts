import type { CheckResult, PolicyRun, Status } from "./model.ts";

/** What a change does to a check in one scope. */
export interface ChangedScope {
  readonly environment: string;
  readonly tenant: string | null;
  /** Null where the scope, or the check in it, is on one side only. */
  readonly before: Status | null;
  readonly after: Status | null;
  /** What was found after the change, or before it where nothing is left. */
  readonly message: string;
}

/** A requirement, or a check of a profile, whose state changes. */
export interface PolicyChange {
  /** `breaks`: it fails now; `loses`: it is no longer known; `mends`: it is evidenced now. */
  readonly kind: "breaks" | "loses" | "mends";
  /** Null for a check that no framework asks for. */
  readonly framework: string | null;
  readonly requirement: string | null;
  readonly check: string;
  readonly title: string;
  readonly scopes: readonly ChangedScope[];
}

type State = "met" | "failed" | "unknown" | "absent";

function stateOf(status: Status | undefined): State {
  switch (status) {
    case "pass":
    case "waived":
    case "not-applicable":
      return "met";
    case "fail":
      return "failed";
    case "unknown":
    case "manual":
      return "unknown";
    case undefined:
      return "absent";
    default:
      return status satisfies never;
  }
}

/** What kind of change two states make; `undefined` where nobody needs to know. */
function kindOf(before: State, after: State): PolicyChange["kind"] | undefined {
  if (before === after) return undefined;
  if (after === "failed") return "breaks";
  if (after === "unknown") return before === "met" ? "loses" : undefined;
  return after === "met" && (before === "failed" || before === "unknown") ? "mends" : undefined;
}

/**
 * Compares two runs: which requirements break, are lost sight of, or are mended, and for whom. What breaks
 * comes first; within a kind, what concerns most scopes.
 */
export function comparePolicyRuns(before: PolicyRun, after: PolicyRun): readonly PolicyChange[] {
  const earlier = byKey(before);
  const later = byKey(after);
  const changes = new Map<string, PolicyChange & { readonly scopes: ChangedScope[] }>();
  for (const key of new Set([...earlier.keys(), ...later.keys()])) {
    const [old, now] = [earlier.get(key), later.get(key)];
    const shown = (now ?? old) as CheckResult;
    const kind = kindOf(stateOf(old?.status), stateOf(now?.status));
    if (kind === undefined) continue;
    const scope: ChangedScope = {
      environment: shown.environment,
      tenant: shown.tenant,
      before: old?.status ?? null,
      after: now?.status ?? null,
      message: shown.message,
    };
    const named = shown.requirements.map(({ framework, id }) => ({ framework, requirement: id }));
    for (const about of named.length === 0 ? [{ framework: null, requirement: null }] : named) {
      const group = `${kind} ${about.framework ?? ""} ${about.requirement ?? ""} ${shown.check}`;
      const change = changes.get(group) ?? {
        kind,
        ...about,
        check: shown.check,
        title: shown.title,
        scopes: [],
      };
      change.scopes.push(scope);
      changes.set(group, change);
    }
  }
  const order = { breaks: 0, loses: 1, mends: 2 } as const;
  return [...changes.values()].sort(
    (left, right) => order[left.kind] - order[right.kind] || right.scopes.length - left.scopes.length,
  );
}

function byKey({ results }: PolicyRun): ReadonlyMap<string, CheckResult> {
  return new Map(
    results.map((result) => [`${result.check} ${result.environment}:${result.tenant ?? ""}`, result]),
  );
}

const verbs = { breaks: "breaks", loses: "loses sight of", mends: "mends" } as const;

/**
 * A change in one sentence: "this change breaks PCI DSS 8.6.2 (no-plain-secret) for 3 tenants in prod".
 *
 * @param titles - the titles of frameworks by their ids
 */
export function describeChange(change: PolicyChange, titles: ReadonlyMap<string, string>): string {
  const { kind, framework, requirement, check, scopes } = change;
  const what =
    framework === null
      ? `the check ${check}`
      : `${titles.get(framework) ?? framework} ${requirement ?? ""} (${check})`;
  const tenants = [...new Set(scopes.flatMap(({ tenant }) => tenant ?? []))];
  const environments = [...new Set(scopes.map(({ environment }) => environment))].join(", ");
  const whom =
    tenants.length === 0
      ? ""
      : tenants.length === 1
        ? ` for ${tenants[0] ?? ""}`
        : ` for ${tenants.length} tenants`;
  return `this change ${verbs[kind]} ${what}${whom} in ${environments}`;
}
