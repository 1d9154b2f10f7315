// Judging every tenant's environment, beside the same rules without sharing and Ajv: `npm run bench:policy`.
// `-- --quick` measures a small workspace, to see that everything still runs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { table } from "../config/report.ts";
import { median, type LotseFigures, type Measured } from "./measured.ts";
import { writeWorkload } from "./workload.ts";

const here = dirname(fileURLToPath(import.meta.url));
const quick = process.argv.includes("--quick");
const tenants = quick ? 10 : 1000;
const growth = quick ? [5, 10] : [10, 100, 1000];
const repeats = quick ? 1 : 3;

/** Runs a script that prints what it measured as JSON, on a workspace of its own. */
function measure(script: string, count: number): Measured {
  const directory = mkdtempSync(join(tmpdir(), "lotse-bench-policy-"));
  try {
    writeWorkload(directory, count);
    const output = execFileSync(process.execPath, [join(here, script), directory], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    return JSON.parse(output) as Measured;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The run with the median time of several. */
function middle(script: string, count: number): Measured {
  const runs = Array.from({ length: repeats }, () => measure(script, count));
  const wanted = median(runs.map(({ cpuMs }) => cpuMs));
  return runs.find(({ cpuMs }) => cpuMs === wanted) as Measured;
}

console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${new Date().toISOString().slice(0, 10)}`,
);
const lotse = middle("measure-lotse.ts", tenants) as LotseFigures;
const plain = middle("measure-plain.ts", tenants);
const ajv = middle("measure-ajv.ts", tenants);

console.log(
  `\n${tenants} tenants × 3 environments, all snapshots resolved before, each in a process of its own, median of ${repeats}\n`,
);
const perVerdict = (measured: Measured): number => (measured.cpuMs / measured.verdicts) * 1000;
console.log(
  table(
    ["", "wall ms", "CPU ms", "peak MB", "verdicts", "CPU µs a verdict", "÷ Lotse"],
    [lotse, plain, ajv].map((measured) => [
      measured.name,
      measured.wallMs.toFixed(0),
      measured.cpuMs.toFixed(0),
      measured.peakMegabytes.toFixed(0),
      String(measured.verdicts),
      perVerdict(measured).toFixed(1),
      (perVerdict(measured) / perVerdict(lotse)).toFixed(1),
    ]),
  ),
);
const sorted = (measured: Measured): string =>
  JSON.stringify(Object.entries(measured.statuses).sort(([left], [right]) => left.localeCompare(right)));
if (sorted(plain) !== sorted(lotse))
  throw new Error(`the contenders disagree: ${JSON.stringify([lotse.statuses, plain.statuses])}`);

console.log("\nLotse alone\n");
console.log(
  table(
    ["", "measured", "aim"],
    [
      ["all facts and verdicts, from resolved snapshots", `${lotse.wallMs.toFixed(0)} ms`, "< 5000 ms"],
      ["the same, resolution included", `${(lotse.resolveMs + lotse.wallMs).toFixed(0)} ms`, ""],
      ["every result written as JSON with its evidence", `${lotse.writeMs.toFixed(0)} ms`, ""],
      ["rules really run", `${lotse.rulesRun} for ${lotse.verdicts} verdicts`, ""],
      ["again after one tenant's file changed", `${lotse.tenantMs.toFixed(1)} ms`, "< 100 ms"],
      ["again after production's file changed", `${lotse.environmentMs.toFixed(0)} ms`, ""],
    ],
  ),
);

console.log("\nHow the cost grows\n");
console.log(
  table(
    ["tenants", "wall ms", "CPU ms", "CPU ms a tenant", "rules run", "peak MB"],
    growth.map((count) => {
      const figures = (count === tenants ? lotse : middle("measure-lotse.ts", count)) as LotseFigures;
      return [
        String(count),
        figures.wallMs.toFixed(0),
        figures.cpuMs.toFixed(0),
        (figures.cpuMs / count).toFixed(2),
        String(figures.rulesRun),
        figures.peakMegabytes.toFixed(0),
      ];
    }),
  ),
);
