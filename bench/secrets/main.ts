// Secrets: opening, changing recipients, reading, and keeping them out of logs: `npm run bench:secrets`.
// `-- --quick` measures little, to see that everything still runs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { table } from "../config/report.ts";
import { benchFirewall } from "./firewall.ts";
import { median } from "../config/measured.ts";
import { load, machine } from "./machine.ts";
import type { Measured } from "./measured.ts";
import type { BenchWorkspace } from "./tree.ts";
import { withWorkspace } from "./workspace.ts";
import { writeOpenFiles } from "./write-open-files.ts";

const quick = process.argv.includes("--quick");
const repeats = quick ? 1 : 3;
const valueCounts = quick ? [10, 60] : [100, 1000, 10_000];
const values = valueCounts.at(-1) ?? 0;
const fileCounts = quick ? [2, 3] : [10, 100, 1000];
const files = fileCounts.at(-1) ?? 0;
const valuesOfTenant = quick ? 3 : 20;
const reads = quick ? 20 : 5000;

/** Runs a script that prints what it measured as JSON, in a process of its own. */
function child(script: string, args: readonly string[]): Measured {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const output = execFileSync(process.execPath, ["--conditions=lotse-source", path, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(output) as Measured;
}

/** The middle of several runs, which all came to the same. */
function several(run: () => Measured): Measured {
  const runs = Array.from({ length: repeats }, run);
  const of = (pick: (measured: Measured) => number): number => median(runs.map(pick));
  return {
    ...agreeing(runs),
    wallMs: of((measured) => measured.wallMs),
    cpuMs: of((measured) => measured.cpuMs),
    peakMegabytes: of((measured) => measured.peakMegabytes),
  };
}

/** @throws when two came to different results; returns the first */
function agreeing(runs: readonly Measured[], result = runs[0]?.result): Measured {
  const other = runs.find((run) => run.result !== result);
  if (other !== undefined) throw new Error(`${other.name} came to another result`);
  return runs[0] as Measured;
}

function number(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Prints contenders beside the first, which is Lotse. */
function compare(title: string, all: readonly Measured[], extra: readonly string[] = []): void {
  agreeing(all);
  const [lotse] = all;
  console.log(`\n${title}; ${load()}\n`);
  console.log(
    table(
      ["", "wall ms", "CPU ms", "peak MB", "wall ÷ Lotse", "CPU ÷ Lotse", ...extra],
      all.map((one) => [
        one.name,
        number(one.wallMs, 1),
        number(one.cpuMs, 1),
        number(one.peakMegabytes),
        number(one.wallMs / (lotse?.wallMs ?? 1), 2),
        number(one.cpuMs / (lotse?.cpuMs ?? 1), 2),
        ...extra.map((name) => number(one.figures[name] ?? Number.NaN)),
      ]),
    ),
  );
}

async function withOpenFiles(count: number, act: (directory: string, result: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "lotse-bench-"));
  try {
    act(directory, await writeOpenFiles(directory, count));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The real sops, where it can be had; `--quick` goes without, as it would be fetched. */
function measureSops(directory: string): readonly Measured[] {
  if (quick) return [];
  try {
    return [several(() => child("measure-open.ts", ["sops 3.9.2", directory]))];
  } catch {
    console.log("\nsops itself is left out: its program for the tests does not run here");
    return [];
  }
}

async function benchOpen(): Promise<void> {
  const names = ["lotse", "AES-256-GCM by node:crypto", "age-encryption, one blob"];
  if (hasProgram("age")) names.push("age, one blob");
  await withOpenFiles(values, (directory, result) => {
    const all = names.map((name) => several(() => child("measure-open.ts", [name, directory])));
    agreeing(all, result);
    compare(`opening ${values} values, one process each, median of ${repeats} (aim: < 1000 ms)`, [
      ...all,
      ...measureSops(directory),
    ]);
  });
  const rows: string[][] = [];
  for (const count of valueCounts) {
    await withOpenFiles(count, (directory, result) => {
      const run = several(() => child("measure-open.ts", ["lotse", directory]));
      agreeing([run], result);
      const { wallMs, cpuMs, peakMegabytes } = run;
      rows.push([
        String(count),
        number(wallMs, 1),
        number(cpuMs, 1),
        number((cpuMs * 1000) / count, 1),
        number(peakMegabytes),
      ]);
    });
  }
  console.log("\nlotse, opening by number of values\n");
  console.log(table(["values", "wall ms", "CPU ms", "CPU µs a value", "peak MB"], rows));
}

const recipientChanges = ["lotse: add a recipient", "lotse: remove a recipient", "lotse: new data keys"];

/** Changes recipients one way and back, so that each step has its own task. */
async function changesOf(count: number, names: readonly string[]): Promise<readonly Measured[]> {
  return await withWorkspace(count, valuesOfTenant, (workspace) =>
    names.map((name) => child("measure-recipients.ts", [name, JSON.stringify(workspace), String(count)])),
  );
}

async function benchRecipients(): Promise<void> {
  const peers = ["age-encryption, fsync", ...(hasProgram("age") ? ["age, no fsync"] : [])];
  const all = await changesOf(files, [...recipientChanges, ...peers]);
  compare(
    `other recipients for ${files} tenants' files of ${valuesOfTenant} values, with manifests, journal and audit log (aim: < 30,000 ms)`,
    all,
    ["syncs"],
  );
  const rows: string[][] = [];
  for (const count of fileCounts) {
    const runs = count === files ? all.slice(0, 3) : await changesOf(count, recipientChanges);
    for (const { name, wallMs, cpuMs, peakMegabytes } of runs) {
      rows.push([
        String(count),
        name.replace("lotse: ", ""),
        number(wallMs),
        number(wallMs / count, 1),
        number(cpuMs / count, 1),
        number(peakMegabytes),
      ]);
    }
  }
  console.log("\nlotse, recipients by number of files\n");
  console.log(table(["files", "change", "wall ms", "wall ms a file", "CPU ms a file", "peak MB"], rows));
}

const readers = [
  "lotse, in the audit log first",
  "lotse, no audit log",
  "a line of JSON and fsync, then a Map",
  "a line of JSON, fsync within a second",
  "a Map",
];

function benchReads(workspace: BenchWorkspace): void {
  const text = JSON.stringify(workspace);
  const all = readers.map((name) => child("measure-read.ts", [name, text, String(values), String(reads)]));
  agreeing(all);
  console.log(
    `\n${reads} reads of a file with ${values} values that is open already (aim: p99 < 1000 µs); ${load()}\n`,
  );
  console.log(
    table(
      ["", "p50 µs", "p99 µs", "CPU µs a read", "first read ms", "peak MB"],
      all.map(({ name, cpuMs, figures, peakMegabytes }) => [
        name,
        number(figures["p50"] ?? Number.NaN, 1),
        number(figures["p99"] ?? Number.NaN, 1),
        number((cpuMs * 1000) / reads, 1),
        number(figures["firstMs"] ?? Number.NaN, 1),
        number(peakMegabytes),
      ]),
    ),
  );
}

function benchSet(workspace: BenchWorkspace): void {
  const { wallMs, cpuMs, figures } = child("measure-set.ts", [JSON.stringify(workspace), String(values)]);
  console.log(`\none value set in a file with ${values}\n`);
  console.log(
    table(
      ["", "measured", "aim"],
      [
        ["values with another ciphertext", number(figures["changedValues"] ?? Number.NaN), "1"],
        ["bytes of them", `${figures["changedBytes"]} of ${figures["bytes"]}`, ""],
        ["lines of the metadata that changed: MAC and time", String(figures["changedMetadata"]), "2"],
        ["wall ms, CPU ms", `${number(wallMs)}, ${number(cpuMs)}`, ""],
      ],
    ),
  );
}

console.log(machine());
await benchOpen();
await benchRecipients();
await withWorkspace(1, values, (workspace) => {
  benchReads(workspace);
  benchSet(workspace);
});
benchFirewall({ quick });
