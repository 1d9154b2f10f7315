import type { Scope } from "../kernel/index.ts";
import {
  scopesOf,
  type FileEntry,
  type Release,
  type ReleaseStore,
  type TenantScope,
} from "../release/index.ts";
import { codeDiff, type FileChange } from "../release/diff/code-diff.ts";
import { groupByChange, type Grouped } from "../release/diff/group.ts";
import { jsonDiff, type ValueChange } from "../release/diff/json-diff.ts";
import { migrationDiff, type MigrationDiff } from "../release/diff/migration-diff.ts";
import { secretDiff, type SecretChange } from "../release/diff/secret-diff.ts";
import { unifiedDiff } from "../templates/unified.ts";
import { policyOfRelease, type ReleasedPolicy } from "./release-policy.ts";
import { releasesOf } from "./release-store.ts";
import type { Session } from "./session.ts";

/** A result of the policy that changed; `good` stands for a pass and for what does not apply. */
interface PolicyChange {
  readonly check: string;
  readonly before: string;
  readonly after: string;
}

/** A rendered file that changed. */
interface RenderedChange {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** Unified; of secrets it shows references. */
  readonly diff: readonly string[];
}

/** What differs between two releases. */
export interface ReleaseDiff {
  readonly from: Release;
  readonly to: Release;
  readonly code: {
    readonly commit: ValueChange | null;
    readonly image: ValueChange | null;
    readonly artefact: ValueChange | null;
    readonly files: readonly FileChange[];
  };
  readonly tenants: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly configuration: readonly Grouped<ValueChange>[];
  readonly secrets: readonly Grouped<SecretChange>[];
  readonly rendered: readonly Grouped<RenderedChange>[];
  readonly target: readonly ValueChange[];
  readonly policy: readonly Grouped<PolicyChange>[];
  readonly migrations: MigrationDiff;
}

/**
 * Compares two releases as they are stored, whatever the files of the workspace say now.
 *
 * @param filter - only this environment, and of it this tenant; code and migrations are those of all
 * @throws LotseError `release.not-found`, `release.ambiguous`, `release.corrupt`
 */
export async function diffReleases(
  session: Session,
  references: { readonly from: string; readonly to: string },
  filter: Partial<Scope> = {},
): Promise<ReleaseDiff> {
  const store = releasesOf(session);
  const from = await store.read(references.from);
  const to = await store.read(references.to);
  const scopes = pairsOf(from, to, filter);
  const both = scopes.filter(({ before, after }) => before && after);
  return {
    from,
    to,
    code: {
      commit: change("commit", from.commit, to.commit),
      image: change("image", from.image ?? null, to.image ?? null),
      artefact: change("artefact", from.artefact?.digest ?? null, to.artefact?.digest ?? null),
      files: from.code === to.code ? [] : codeDiff(await store.codeOf(from), await store.codeOf(to)),
    },
    tenants: {
      added: scopes.flatMap(({ before, name }) => (before ? [] : [name])),
      removed: scopes.flatMap(({ after, name }) => (after ? [] : [name])),
    },
    configuration: groupByChange(await each(both, (scope) => configDiff(store, from, to, scope))),
    secrets: groupByChange(
      await each(both, async (scope) =>
        secretDiff(await store.sealedOf(from, scope), await store.sealedOf(to, scope)),
      ),
    ),
    rendered: groupByChange(await each(both, (scope) => renderedDiff(store, from, to, scope))),
    target: jsonDiff(from.target, to.target),
    policy: groupByChange(
      policyDiff(await policyOfRelease(store, from), await policyOfRelease(store, to), filter),
    ),
    migrations: migrationDiff(from, to),
  };
}

/** Whether two releases are the same in everything that is deployed. */
export function isSameRelease(diff: ReleaseDiff): boolean {
  const { code, tenants, migrations } = diff;
  const lists = [
    code.files,
    tenants.added,
    tenants.removed,
    diff.configuration,
    diff.secrets,
    diff.rendered,
    diff.target,
    diff.policy,
    migrations.added,
    migrations.removed,
    migrations.changed,
  ];
  const single = [code.commit, code.image, code.artefact];
  return lists.every((list) => list.length === 0) && single.every((one) => one === null);
}

interface Pair extends TenantScope {
  readonly name: string;
  /** Whether the one release has it, and the other. */
  readonly before: boolean;
  readonly after: boolean;
}

function pairsOf(from: Release, to: Release, filter: Partial<Scope>): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const [release, side] of [
    [from, "before"],
    [to, "after"],
  ] as const) {
    for (const scope of scopesOf(release)) {
      if (!isWanted(scope, filter)) continue;
      const name = `${scope.environment}:${scope.tenant}`;
      const known = pairs.get(name) ?? { ...scope, name, before: false, after: false };
      pairs.set(name, { ...known, [side]: true });
    }
  }
  return [...pairs.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function isWanted(scope: { environment: string; tenant: string | null }, filter: Partial<Scope>): boolean {
  return (
    (filter.environment === undefined || scope.environment === filter.environment) &&
    (filter.tenant === undefined || scope.tenant === filter.tenant)
  );
}

async function each<Change>(
  pairs: readonly Pair[],
  diff: (scope: TenantScope) => Promise<readonly Change[]>,
): Promise<readonly (readonly [string, Change])[]> {
  const found: (readonly [string, Change])[] = [];
  for (const { name, environment, tenant } of pairs) {
    for (const one of await diff({ environment, tenant })) found.push([name, one]);
  }
  return found;
}

async function configDiff(
  store: ReleaseStore,
  from: Release,
  to: Release,
  scope: TenantScope,
): Promise<readonly ValueChange[]> {
  const [before, after] = [await store.configOf(from, scope), await store.configOf(to, scope)];
  if (before === after) return [];
  return jsonDiff(JSON.parse(before) as unknown, JSON.parse(after) as unknown);
}

async function renderedDiff(
  store: ReleaseStore,
  from: Release,
  to: Release,
  scope: TenantScope,
): Promise<readonly RenderedChange[]> {
  const old = new Map((await store.renderedOf(from, scope)).map((file) => [file.path, file] as const));
  const now = new Map((await store.renderedOf(to, scope)).map((file) => [file.path, file] as const));
  const found: RenderedChange[] = [];
  for (const path of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [left, right] = [old.get(path), now.get(path)];
    if (left?.digest === right?.digest) continue;
    const kind = left === undefined ? "added" : right === undefined ? "removed" : "changed";
    const before = left === undefined ? undefined : await textOf(store, left);
    const after = right === undefined ? "" : await textOf(store, right);
    found.push({ path, kind, diff: unifiedDiff({ name: path, before, after }).map(({ text }) => text) });
  }
  return found;
}

async function textOf(store: ReleaseStore, { digest }: FileEntry): Promise<string> {
  return (await store.object(digest)).toString("utf8");
}

function change(path: string, before: string | null, after: string | null): ValueChange | null {
  if (before === after) return null;
  return { path, kind: before === null ? "added" : after === null ? "removed" : "changed", before, after };
}

function policyDiff(
  before: ReleasedPolicy | null,
  after: ReleasedPolicy | null,
  filter: Partial<Scope>,
): readonly (readonly [string, PolicyChange])[] {
  // Where one was made without a policy, nothing can be said to have changed.
  if (before === null || after === null) return [];
  const key = ({ check, environment, tenant }: ReleasedPolicy["results"][number]): string =>
    JSON.stringify([check, environment, tenant]);
  const wanted = (policy: ReleasedPolicy) =>
    new Map(policy.results.filter((each) => isWanted(each, filter)).map((each) => [key(each), each]));
  const [old, now] = [wanted(before), wanted(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((each) => {
    const [left, right] = [old.get(each), now.get(each)];
    const known = left ?? right;
    if (known === undefined || left?.status === right?.status) return [];
    const scope = known.tenant === null ? known.environment : `${known.environment}:${known.tenant}`;
    return [[scope, { check: known.check, before: left?.status ?? "good", after: right?.status ?? "good" }]];
  });
}
