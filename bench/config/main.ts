// Resolving tenants' environments, beside c12, node-config and js-yaml with defu: `npm run bench:config`.
// `-- --quick` measures a small tree, to see that everything still runs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { table } from "./report.ts";
import { median, type Measured } from "./measured.ts";
import type { LotseFigures } from "./measure-lotse.ts";
import { writeWorkload } from "./workload/workload.ts";

const here = dirname(fileURLToPath(import.meta.url));
const quick = process.argv.includes("--quick");
const tenants = quick ? 20 : 1000;
const growth = quick ? [10, 20, 40] : [100, 1000, 10_000];
const repeats = quick ? 1 : 3;
const names = ["lotse", "c12", "node-config", "js-yaml + defu", "js-yaml + defu, files parsed once"];

/** Runs a script that prints what it measured as JSON. */
function child(script: string, args: readonly string[]): unknown {
  const output = execFileSync(process.execPath, [join(here, script), ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  return JSON.parse(output);
}

function measureContender(name: string, directory: string, count: number): Measured {
  return child("measure-contender.ts", [name, directory, String(count)]) as Measured;
}

function withTree<Result>(count: number, act: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), "lotse-bench-"));
  try {
    writeWorkload(directory, count);
    return act(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function middle(runs: readonly Measured[]): Measured {
  const first = runs[0] as Measured;
  const of = (pick: (run: Measured) => number): number => median(runs.map(pick));
  return {
    ...first,
    wallMs: of((run) => run.wallMs),
    cpuMs: of((run) => run.cpuMs),
    peakMegabytes: of((run) => run.peakMegabytes),
  };
}

function compareAll(directory: string): void {
  const results = names.map((name) =>
    middle(Array.from({ length: repeats }, () => measureContender(name, directory, tenants))),
  );
  const lotse = results[0] as Measured;
  console.log(
    `\n${tenants} tenants × 3 environments × 5 layers of 300 keys, each in a process of its own, median of ${repeats}\n`,
  );
  console.log(
    table(
      ["", "wall ms", "CPU ms", "peak MB", "wall ÷ Lotse", "CPU ÷ Lotse", "values checked"],
      results.map((result) => [
        result.name +
          (result.extrapolatedFrom === undefined
            ? ""
            : ` (extrapolated from ${result.extrapolatedFrom} scopes)`),
        result.wallMs.toFixed(0),
        result.cpuMs.toFixed(0),
        result.peakMegabytes.toFixed(0),
        (result.wallMs / lotse.wallMs).toFixed(1),
        (result.cpuMs / lotse.cpuMs).toFixed(1),
        String(result.checked),
      ]),
    ),
  );
}

function lotseAlone(directory: string): void {
  const figures = child("measure-lotse.ts", [directory, String(tenants)]) as LotseFigures;
  console.log("\nLotse alone, same tree\n");
  console.log(
    table(
      ["", "measured", "aim"],
      [
        [
          "warm: files parsed before and looked at again, everything merged anew",
          `${figures.warmMs.toFixed(0)} ms`,
          "< 1500 ms",
        ],
        [
          "nothing changed: files looked at again, merges remembered",
          `${figures.refreshMs.toFixed(0)} ms`,
          "",
        ],
        ["one tenant file changed: its 3 environments again", `${figures.changedMs.toFixed(2)} ms`, "< 5 ms"],
        ["get, path asked before", `${figures.getKnownMicros.toFixed(2)} µs`, "< 5 µs"],
        ["get, path asked first", `${figures.getNewMicros.toFixed(2)} µs`, "< 5 µs"],
        ["places explained and found in the files", String(figures.explained), ""],
      ],
    ),
  );
}

function growthTable(): void {
  const rows = growth.map((count) =>
    withTree(count, (directory) => {
      const { wallMs, cpuMs, peakMegabytes } = measureContender("lotse", directory, count);
      return [
        String(count),
        wallMs.toFixed(0),
        (wallMs / count).toFixed(2),
        (cpuMs / count).toFixed(2),
        peakMegabytes.toFixed(0),
      ];
    }),
  );
  console.log("\nHow Lotse's cost grows: all snapshots of all tenants held in memory\n");
  console.log(
    table(
      ["tenants", "wall ms", "wall ms a tenant", "CPU ms a tenant", "peak MB (aim at 10,000: < 4096)"],
      rows,
    ),
  );
}

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${new Date().toISOString().slice(0, 10)}`,
);
withTree(tenants, (directory) => {
  compareAll(directory);
  lotseAlone(directory);
});
growthTable();
