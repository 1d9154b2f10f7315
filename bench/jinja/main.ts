import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { manifestContext, wideContext } from "./context.ts";

/**
 * Renders manifests with our engine, nunjucks and Python's Jinja2, each in a process of its own, and prints CPU time a
 * rendering (median), peak memory, ratios to Python's of the same run, and how the cost grows with the size of the
 * output and of the context.
 */
interface Figures {
  readonly output: string;
  readonly compileMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
}

/** What every engine is to render. */
interface Work {
  readonly template: string;
  readonly context: Record<string, unknown>;
  readonly warmup: number;
  readonly rounds: number;
}

type Results = Readonly<Record<string, Figures | string>>;

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const workload = JSON.parse(readFileSync(here("workload.json"), "utf8")) as {
  template: string;
  tenants: number;
  apps: number;
};

function runNode(engine: string, input: string): Figures | string {
  const child = spawnSync(process.execPath, ["--conditions=lotse-source", here("render.ts"), engine], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (child.status !== 0) return child.stderr.split("\n").find((line) => line.includes("Error")) ?? "failed";
  return JSON.parse(child.stdout) as Figures;
}

function runPython(input: string): Record<string, Figures> {
  const output = execFileSync("/usr/bin/python3", [here("render.py")], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(output) as Record<string, Figures>;
}

function runAll(work: Work): Results {
  const input = JSON.stringify(work);
  return {
    "@lotse/jinja": runNode("lotse", input),
    nunjucks: runNode("nunjucks", input),
    ...runPython(input),
  };
}

const referenceOf = (results: Results): Figures => results["jinja2"] as Figures;

function printTable(title: string, results: Results): void {
  const reference = referenceOf(results);
  console.log(title);
  for (const [name, figures] of Object.entries(results)) {
    if (typeof figures === "string") {
      console.log(`${name.padEnd(18)} ${figures}`);
      continue;
    }
    const ratio = (reference.cpuMs / figures.cpuMs).toFixed(2);
    const same = figures.output === reference.output ? "same output" : "OTHER OUTPUT";
    console.log(
      `${name.padEnd(18)} ${figures.cpuMs.toFixed(2).padStart(7)} ms CPU  ${ratio.padStart(5)}x jinja2  ` +
        `compile ${figures.compileMs.toFixed(1).padStart(5)} ms  peak ${figures.memoryMb.toFixed(0).padStart(4)} MB  ${same}`,
    );
  }
}

/** One line an engine: its cost at each size, by `unit`, and the ratio to Python's Jinja2. */
function printGrowth(
  title: string,
  rows: readonly (readonly [size: string, units: number, results: Results])[],
): void {
  console.log(`\n${title}`);
  for (const name of Object.keys(rows[0]?.[2] ?? {})) {
    const cells = rows.map(([size, units, results]) => {
      const figures = results[name];
      if (typeof figures !== "object") return `${size}: ${figures}`;
      const ratio = (referenceOf(results).cpuMs / figures.cpuMs).toFixed(2);
      return `${size}: ${((figures.cpuMs * 1000) / units).toFixed(1)} µs, ${ratio}x, ${figures.memoryMb.toFixed(0)} MB`;
    });
    console.log(`${name.padEnd(18)} ${cells.join("  |  ")}`);
  }
}

const kilobytes = (results: Results): number => referenceOf(results).output.length / 1024;

const manifests = [0.25, 1, 4].map((factor) =>
  runAll({
    template: workload.template,
    context: manifestContext(Math.ceil(workload.tenants * factor), workload.apps),
    // The same output to warm up with, whatever the size of one.
    warmup: Math.ceil(30 / factor),
    rounds: factor > 1 ? 30 : 60,
  }),
);
const [, middle] = manifests;
if (middle !== undefined) {
  printTable(`manifest of ${kilobytes(middle).toFixed(0)} KB, median of 60 renderings after 30`, middle);
}
printGrowth(
  "growth with the output: CPU for each KB of it",
  manifests.map((results) => [`${kilobytes(results).toFixed(0)} KB`, kilobytes(results), results]),
);
printGrowth(
  "growth with the context: CPU for reading one value of a mapping",
  [100, 10_000].map((entries) => {
    const work = {
      template: "{{ config.entry_7.a.b }}",
      context: wideContext(entries),
      warmup: 200,
      rounds: 400,
    };
    return [`${entries} entries`, 1, runAll(work)];
  }),
);
