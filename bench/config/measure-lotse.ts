// Measures what only Lotse does, in a process of its own: node measure-lotse.ts DIRECTORY TENANTS
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { explainAll, type Snapshot } from "@lotse/core/config";
import { engineOn } from "./resolvers/lotse.ts";
import { median, peakMegabytes } from "./measured.ts";
import { environments, scopesOf, type Scope } from "./workload/workload.ts";

/** What this process prints. */
export interface LotseFigures {
  readonly coldMs: number;
  /** The files are parsed already and looked at again; everything is merged anew. */
  readonly warmMs: number;
  readonly refreshMs: number;
  readonly changedMs: number;
  readonly getKnownMicros: number;
  readonly getNewMicros: number;
  readonly explained: number;
  readonly peakMegabytes: number;
}

const [directory = "", tenants = ""] = process.argv.slice(2);
const scopes = scopesOf(Number(tenants));

function timed(act: () => void): number {
  const started = performance.now();
  act();
  return performance.now() - started;
}

const engine = engineOn(directory);
const resolveAll = (): readonly Snapshot[] =>
  scopes.map(({ environment, tenant }) => engine.resolve({ environment, tenant }));
let snapshots: readonly Snapshot[] = [];
const coldMs = timed(() => {
  snapshots = resolveAll();
});
const peak = peakMegabytes();
// Each round lets go of what the one before resolved, as a server would.
const warm = Array.from({ length: 5 }, () =>
  timed(() => {
    engine.refresh();
    engine.forgetMerges();
    snapshots = [];
    snapshots = resolveAll();
  }),
);
const refresh = Array.from({ length: 3 }, () =>
  timed(() => {
    engine.refresh();
    resolveAll();
  }),
);

const first = scopes[0] as Scope;
const file = `tenants/${first.tenant}.yml`;
const original = readFileSync(join(directory, file), "utf8");
const changed = Array.from({ length: 101 }, (_, round) => {
  writeFileSync(join(directory, file), `${original}\nchanged:\n  round: ${round}\n`);
  return timed(() => {
    engine.refresh([file]);
    for (const environment of environments) engine.resolve({ environment, tenant: first.tenant });
  });
});
writeFileSync(join(directory, file), original);

const lines = new Map<string, readonly string[]>();

function lineOf(file: string, line: number): string {
  const known = lines.get(file) ?? readFileSync(join(directory, file), "utf8").split("\n");
  lines.set(file, known);
  return known[line - 1] ?? "";
}

/** Explains every leaf of some snapshots, and looks into the file whether its value stands where it is told. */
function explainSample(): number {
  const leaves = snapshots
    .filter((_, index) => index % 97 === 0)
    .flatMap((snapshot) => explainAll(snapshot, ""));
  for (const { file, line, column, node, path } of leaves) {
    const written = lineOf(file, line)
      .slice(column - 1)
      .replace(/^["']/u, "");
    const value = node.kind === "map" || node.kind === "list" ? "" : (node.text ?? String(node.value));
    if (!written.startsWith(value))
      throw new Error(`${file}:${line}:${column} does not hold ${path}: ${value}`);
  }
  return leaves.length;
}

const some = snapshots.slice(0, 1000);
const rounds = 200;
const getKnown = timed(() => {
  for (let round = 0; round < rounds; round++) for (const snapshot of some) snapshot.get("tenant.id");
});
// Paths that were not asked for before, several for each snapshot: each is read and looked up once.
const newPaths = explainAll(some[0] as Snapshot, "")
  .map(({ path }) => path)
  .filter((_, index) => index % 40 === 0);
const getNew = timed(() => {
  for (const path of newPaths) for (const snapshot of some) snapshot.get(path);
});
const figures: LotseFigures = {
  coldMs,
  warmMs: median(warm),
  refreshMs: median(refresh),
  changedMs: median(changed),
  getKnownMicros: (getKnown / (rounds * some.length)) * 1000,
  getNewMicros: (getNew / (newPaths.length * some.length)) * 1000,
  explained: explainSample(),
  peakMegabytes: peak,
};
process.stdout.write(JSON.stringify(figures));
