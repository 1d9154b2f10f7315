// Appends for a time, in a process of its own: node measure-append.ts NAME DIRECTORY WRITERS SYNC MILLISECONDS
import { median, peakMegabytes } from "../config/measured.ts";
import { contenders, type Sync } from "./contenders/contender.ts";
import { eventAt } from "./workload.ts";

/** What this process prints. */
export interface AppendFigures {
  readonly appends: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMegabytes: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const [name = "", directory = "", writers = "1", sync = "each", time = "1000"] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new Error(`no contender ${name}`);
const log = await contender.open(directory, sync as Sync);
await log.append(eventAt(0));

const latencies: number[] = [];
const cpu = process.cpuUsage();
const started = performance.now();
const end = started + Number(time);
async function write(writer: number): Promise<void> {
  for (let at = writer; performance.now() < end; at += Number(writers)) {
    const before = performance.now();
    await log.append(eventAt(at));
    latencies.push(performance.now() - before);
  }
}
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
const wallMs = performance.now() - started;
const { user, system } = process.cpuUsage(cpu);
await log.close();
latencies.sort((a, b) => a - b);
const figures: AppendFigures = {
  appends: latencies.length,
  wallMs,
  cpuMs: (user + system) / 1000,
  peakMegabytes: peakMegabytes(),
  medianMs: median(latencies),
  p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
};
process.stdout.write(JSON.stringify(figures));
