import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "../config/report.ts";
import { load } from "../secrets/machine.ts";
import type { GrowthFigures } from "./engine-growth.ts";

const run = promisify(execFile);
const source = "--conditions=lotse-source";

async function child(script: string, args: readonly string[]): Promise<string> {
  const file = join(import.meta.dirname, script);
  const { stdout } = await run(process.execPath, [source, file, ...args], { maxBuffer: 1 << 24 });
  return stdout;
}

/** Measures the engine by itself, without hosts, and prints tables. */
export async function engine(quick: boolean): Promise<void> {
  console.log("\nThe engine, on an embedded PostgreSQL, with steps that do nothing\n");
  console.log((await child("engine-main.ts", quick ? ["--quick"] : [])).trimEnd());
  const stepMs = quick ? 20 : 1000;
  const rows: string[][] = [];
  for (const count of quick ? [5, 10] : [10, 100, 200, 300]) {
    const figures = JSON.parse(
      await child("engine-growth.ts", [String(count), String(stepMs)]),
    ) as GrowthFigures;
    rows.push(growthRow(figures));
  }
  console.log(
    `\nHow the cost grows: rollouts of 7 steps of ${stepMs} ms, all handed over at the same moment; ${load()}\n`,
  );
  const headings = [
    "rollouts",
    "in flight at most",
    "wall s",
    "steps/s",
    "pick-up p50 ms",
    "p99",
    "own a step p50 ms",
    "p99",
    "CPU ms a step",
    "PostgreSQL CPU ms a step",
    "peak MB",
  ];
  console.log(table(headings, rows));
}

function growthRow(figures: GrowthFigures): string[] {
  const { rollouts, mostInFlight, wallMs, steps, own, pickUp, cpuMs, postgresCpuMs, peakMegabytes } = figures;
  return [
    String(rollouts),
    String(mostInFlight),
    (wallMs / 1000).toFixed(1),
    (steps / (wallMs / 1000)).toFixed(0),
    String(pickUp.p50Ms),
    String(pickUp.p99Ms),
    String(own.p50Ms),
    String(own.p99Ms),
    (cpuMs / steps).toFixed(1),
    (postgresCpuMs / steps).toFixed(1),
    peakMegabytes.toFixed(0),
  ];
}
