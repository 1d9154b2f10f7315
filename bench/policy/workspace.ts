import { templateSources } from "../../packages/core/src/app/template-facts.ts";
import { ConfigEngine, type ResolvedScope, type Snapshot } from "../../packages/core/src/config/index.ts";
import { DirectoryFiles, systemClock } from "../../packages/core/src/kernel/index.ts";
import { loadRules, type PolicyRules } from "../../packages/core/src/policy/index.ts";

/** A workload that is opened and resolved. */
export interface Opened {
  readonly engine: ConfigEngine;
  readonly rules: PolicyRules;
  readonly scopes: readonly ResolvedScope[];
  /** The snapshot of a scope. */
  readonly snapshotOf: (scope: ResolvedScope) => Snapshot;
  readonly resolveMs: number;
}

/** Opens a workload and resolves all of its scopes. */
export async function openWorkload(directory: string): Promise<Opened> {
  const files = new DirectoryFiles(directory);
  const engine = new ConfigEngine({ files, clock: systemClock, variables: {} });
  const rules = await loadRules(files, { directory, sources: templateSources({ engine, directory }) });
  const started = performance.now();
  const scopes = engine.workspace.environments.flatMap((name) => engine.scopes(name));
  const snapshots = new Map(scopes.map((scope) => [keyOf(scope), engine.resolve(scope)]));
  return {
    engine,
    rules,
    scopes,
    snapshotOf: (scope) => snapshots.get(keyOf(scope)) as Snapshot,
    resolveMs: performance.now() - started,
  };
}

function keyOf({ environment, tenant }: ResolvedScope): string {
  return `${environment}:${tenant ?? ""}`;
}
