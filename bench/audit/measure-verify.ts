// Checks a whole log, in a process of its own: node measure-verify.ts NAME DIRECTORY
import { peakMegabytes } from "../config/measured.ts";
import { contenders } from "./contenders/contender.ts";

/** What this process prints. */
export interface VerifyFigures {
  readonly entries: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMegabytes: number;
}

const [name = "", directory = ""] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new Error(`no contender ${name}`);
const cpu = process.cpuUsage();
const started = performance.now();
const entries = await contender.verify(directory);
const wallMs = performance.now() - started;
const { user, system } = process.cpuUsage(cpu);
const figures: VerifyFigures = {
  entries,
  wallMs,
  cpuMs: (user + system) / 1000,
  peakMegabytes: peakMegabytes(),
};
process.stdout.write(JSON.stringify(figures));
