import type { ConfigEngine, ResolvedScope } from "../resolve/engine.ts";
import { compare } from "../provenance/difference.ts";
import { explain, leavesOf } from "../provenance/explain.ts";
import { formatPath } from "../model/path.ts";
import type { MapNode } from "../model/node.ts";
import { isLotseError } from "../../kernel/index.ts";

/** What a change does to one scope: the paths whose resolved value differs. */
export interface Impact {
  readonly environment: string;
  readonly tenant: string | undefined;
  readonly paths: readonly string[];
  /** Why the paths cannot be told: one of the two sides does not resolve. */
  readonly problem?: string;
}

/** The progress of a long comparison: scopes done and scopes there are. */
export type ImpactProgress = (done: number, total: number) => void;

/**
 * Compares two states of a workspace, such as a git revision and the working tree, and tells exactly which
 * paths of which scopes resolve to something else. Only scopes that read one of the changed files are
 * resolved, and only their differing parts are looked into.
 *
 * @param changed - the files that differ, relative to the workspace
 */
export function findImpact(
  before: ConfigEngine,
  after: ConfigEngine,
  changed: ReadonlySet<string>,
  progress: ImpactProgress = () => {},
): readonly Impact[] {
  const scopes = scopesOf(before, after);
  const everywhere = touchesEverything(before, changed) || touchesEverything(after, changed);
  const found: Impact[] = [];
  for (const [done, { scope, sides }] of scopes.entries()) {
    progress(done, scopes.length);
    if (!everywhere && !sides.some((engine) => reads(engine, scope, changed))) continue;
    const left = sides.includes(before) ? rootOf(before, scope) : nothing;
    const right = sides.includes(after) ? rootOf(after, scope) : nothing;
    const paths = compare(left.root, right.root).map((difference) => difference.path);
    if (paths.length > 0 || right.problem !== undefined) {
      found.push({ ...scope, paths, ...(right.problem === undefined ? {} : { problem: right.problem }) });
    }
  }
  progress(scopes.length, scopes.length);
  return found;
}

/**
 * Tells what a file decides as things stand: for every scope that reads it, the paths whose value comes from
 * it, also through references.
 */
export function findReach(engine: ConfigEngine, files: ReadonlySet<string>): readonly Impact[] {
  const found: Impact[] = [];
  for (const { scope } of scopesOf(engine)) {
    if (!reads(engine, scope, files)) continue;
    const snapshot = engine.resolve(scope);
    const paths = leavesOf(snapshot.root, [])
      .map((leaf) => formatPath(leaf, snapshot.root))
      .filter((path) => {
        const told = explain(snapshot, path);
        return (
          files.has(told.file) ||
          told.through.some((where) => where.file !== undefined && files.has(where.file))
        );
      });
    if (paths.length > 0) found.push({ ...scope, paths });
  }
  return found;
}

interface SidedScope {
  readonly scope: ResolvedScope;
  /** The states in which the scope exists. */
  readonly sides: readonly ConfigEngine[];
}

function scopesOf(...engines: readonly ConfigEngine[]): readonly SidedScope[] {
  const scopes = new Map<string, { scope: ResolvedScope; sides: ConfigEngine[] }>();
  for (const engine of engines) {
    for (const scope of engine.workspace.environments.flatMap((environment) => engine.scopes(environment))) {
      const key = `${scope.environment}:${scope.tenant ?? ""}`;
      const known = scopes.get(key);
      if (known === undefined) scopes.set(key, { scope, sides: [engine] });
      else known.sides.push(engine);
    }
  }
  return [...scopes.values()];
}

/** `lotse.yml`, the schema and files that references read may touch any scope. */
function touchesEverything(engine: ConfigEngine, changed: ReadonlySet<string>): boolean {
  const { workspace } = engine;
  return [...changed].some(
    (file) =>
      file === "lotse.yml" ||
      file === workspace.schema ||
      !/\.(?:ya?ml|json)$/u.test(file) ||
      !file.startsWith(`${workspace.root}/`),
  );
}

function reads(engine: ConfigEngine, scope: ResolvedScope, changed: ReadonlySet<string>): boolean {
  try {
    return engine.layers(scope).entries.some((entry) => changed.has(entry.document.source.file));
  } catch (error) {
    if (isLotseError(error)) return true;
    throw error;
  }
}

interface Side {
  readonly root: MapNode | undefined;
  readonly problem?: string;
}

const nothing: Side = { root: undefined };

function rootOf(engine: ConfigEngine, scope: ResolvedScope): Side {
  try {
    return { root: engine.resolve(scope).root };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { root: undefined, problem: `${error.code}: ${error.message}` };
  }
}
