// The audit log beside plain JSON lines and a hash chain, which do less: `npm run bench:audit`.
// `-- --quick` measures a small log, to see that everything still runs.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { table } from "../config/report.ts";
import { load, machine } from "../secrets/machine.ts";
import { contenders, type Sync } from "./contenders/contender.ts";
import type { AppendFigures } from "./measure-append.ts";
import type { ProofFigures } from "./measure-proofs.ts";
import type { VerifyFigures } from "./measure-verify.ts";

const here = dirname(fileURLToPath(import.meta.url));
const quick = process.argv.includes("--quick");
const sizes = quick ? [500, 1000, 3000] : [10_000, 100_000, 1_000_000];
const milliseconds = quick ? 200 : 4000;
const proofs = quick ? 50 : 2000;
const manyWriters = 64;
const names = Object.keys(contenders);
const run = promisify(execFile);

/** Runs a script that prints what it measured as JSON. */
async function child<T>(script: string, ...args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [join(here, script), ...args], { maxBuffer: 1 << 26 });
  return (stdout === "" ? null : JSON.parse(stdout)) as T;
}

async function inDirectory<T>(act: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "lotse-bench-audit-"));
  try {
    return await act(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface AppendCase {
  readonly title: string;
  readonly processes: number;
  readonly writers: number;
  readonly sync: Sync;
}

const syncs: readonly (readonly [Sync, string])[] = [
  ["each", "fsync"],
  ["group", "fsync within a second"],
  ["never", "no fsync"],
];

const appendCases: readonly AppendCase[] = syncs.flatMap(([sync, name]) =>
  [
    { title: "1 writer", processes: 1, writers: 1 },
    { title: `${manyWriters} writers`, processes: 1, writers: manyWriters },
    { title: `2 processes of ${manyWriters} writers`, processes: 2, writers: manyWriters },
  ].map((one) => ({ ...one, sync, title: `${one.title}, ${name}` })),
);

async function measureAppend(name: string, { processes, writers, sync }: AppendCase): Promise<AppendFigures> {
  return inDirectory(async (directory) => {
    const args = [name, directory, String(writers), sync, String(milliseconds)];
    const all = await Promise.all(
      Array.from({ length: processes }, () => child<AppendFigures>("measure-append.ts", ...args)),
    );
    const first = all[0] as AppendFigures;
    const entries = await child<VerifyFigures>("measure-verify.ts", name, directory).catch(() => null);
    const appends = all.reduce((sum, one) => sum + one.appends, 0);
    // A chain is broken by a second process; all others must have every entry.
    if (entries?.entries !== appends + processes && name === "lotse") throw new Error(`${name} lost entries`);
    return { ...first, appends, cpuMs: all.reduce((sum, one) => sum + one.cpuMs, 0) };
  });
}

async function appendTable(): Promise<void> {
  const rows: string[][] = [];
  for (const one of appendCases) {
    let ours = 0;
    for (const name of names) {
      if (name === "hash chain" && one.processes > 1) continue;
      const figures = await measureAppend(name, one);
      const rate = figures.appends / (figures.wallMs / 1000);
      if (name === "lotse") ours = rate;
      rows.push([
        one.title,
        name,
        rate.toFixed(0),
        (rate / ours).toFixed(2),
        figures.medianMs.toFixed(2),
        figures.p99Ms.toFixed(2),
        ((figures.cpuMs / figures.appends) * 1000).toFixed(0),
        figures.peakMegabytes.toFixed(0),
      ]);
    }
  }
  console.log(`\nAppends, for ${milliseconds} ms each\n`);
  const headings = ["", "", "appends/s", "÷ Lotse", "median ms", "p99 ms", "CPU µs each", "peak MB"];
  console.log(table(headings, rows));
}

/** What one size showed. */
interface SizeFigures {
  readonly size: number;
  readonly proofs: ProofFigures;
  readonly verified: ReadonlyMap<string, VerifyFigures>;
}

async function measureSize(size: number): Promise<SizeFigures> {
  const verified = new Map<string, VerifyFigures>();
  const proofFigures: ProofFigures[] = [];
  for (const name of names) {
    await inDirectory(async (directory) => {
      await child("fill.ts", name, directory, String(size));
      verified.set(name, await child<VerifyFigures>("measure-verify.ts", name, directory));
      if (name !== "lotse") return;
      proofFigures.push(await child<ProofFigures>("measure-proofs.ts", directory, String(proofs)));
    });
  }
  return { size, verified, proofs: proofFigures[0] as ProofFigures };
}

function verifyTable(figures: readonly SizeFigures[]): void {
  const rows = figures.flatMap(({ size, verified }) => {
    const ours = verified.get("lotse")?.wallMs ?? Number.NaN;
    return [...verified].map(([name, one]) => [
      String(size),
      name,
      one.wallMs.toFixed(0),
      (one.wallMs / ours).toFixed(2),
      one.cpuMs.toFixed(0),
      ((one.wallMs / size) * 1000).toFixed(1),
      one.peakMegabytes.toFixed(0),
      String(one.entries),
    ]);
  });
  console.log("\nThe whole log verified (aim at 1,000,000: < 30,000 ms)\n");
  const headings = ["entries", "", "wall ms", "÷ Lotse", "CPU ms", "µs an entry", "peak MB", "checked"];
  console.log(table(headings, rows));
}

function proofTable(figures: readonly SizeFigures[]): void {
  const rows = figures.map(({ size, proofs: one }) => [
    String(size),
    one.proofMedianMs.toFixed(3),
    one.proofP99Ms.toFixed(3),
    one.consistencyMedianMs.toFixed(3),
    one.consistencyP99Ms.toFixed(3),
    one.verifyProofMedianMs.toFixed(3),
    String(one.hashes),
    String(one.checked),
    one.firstAppendMs.toFixed(0),
  ]);
  console.log("\nProofs of Lotse (aim: an inclusion proof in < 1 ms), and the first append of a process\n");
  const headings = [
    "entries",
    "inclusion median ms",
    "p99",
    "consistency median ms",
    "p99",
    "check median ms",
    "hashes",
    "checked",
    "first append ms",
  ];
  console.log(table(headings, rows));
}

console.log(machine());
await appendTable();
const figures: SizeFigures[] = [];
for (const size of sizes) figures.push(await measureSize(size));
verifyTable(figures);
proofTable(figures);
console.log(`\n${load()}`);
