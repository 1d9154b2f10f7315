import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { manifestContext } from "./context.ts";

/**
 * Renders one manifest with our engine, nunjucks and Python's Jinja2, each in a process of its own,
 * and prints CPU time a rendering (median), peak memory and ratios.
 */
interface Figures {
  readonly output: string;
  readonly compileMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const workload = JSON.parse(readFileSync(here("workload.json"), "utf8")) as {
  template: string;
  tenants: number;
  apps: number;
};
const warmup = 30;
const rounds = 60;
const input = JSON.stringify({
  template: workload.template,
  context: manifestContext(workload.tenants, workload.apps),
  warmup,
  rounds,
});

function runNode(engine: string): Figures | string {
  const child = spawnSync(process.execPath, ["--conditions=lotse-source", here("render.ts"), engine], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (child.status !== 0) return child.stderr.split("\n").find((line) => line.includes("Error")) ?? "failed";
  return JSON.parse(child.stdout) as Figures;
}

function runPython(): Record<string, Figures> {
  const output = execFileSync("/usr/bin/python3", [here("render.py")], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(output) as Record<string, Figures>;
}

const results: Record<string, Figures | string> = {
  "@lotse/jinja": runNode("lotse"),
  nunjucks: runNode("nunjucks"),
  ...runPython(),
};
const reference = results["jinja2"] as Figures;
console.log(
  `manifest of ${(reference.output.length / 1024).toFixed(0)} KB, median of ${rounds} renderings after ${warmup}`,
);
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
