import { readFileSync } from "node:fs";
import { peakMegabytes } from "../config/measured.ts";

/** What one process measured of one contender; loading its modules does not count. */
export interface Measured {
  readonly name: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The largest resident set of the process. */
  readonly peakMegabytes: number;
  /** A digest of what came out: equal for all contenders that did the same. */
  readonly result: string;
  /** Further figures by name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Measures one act. The digest is made afterwards, off the clock. */
export async function measure<T>(
  name: string,
  act: () => T | Promise<T>,
  digest: (result: T) => string | Promise<string>,
  figures: () => Readonly<Record<string, number>> = () => ({}),
): Promise<Measured> {
  const before = childCpuMs();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = await act();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 + childCpuMs() - before;
  const peak = peakMegabytes();
  return { name, wallMs, cpuMs, peakMegabytes: peak, figures: figures(), result: await digest(result) };
}

/** The CPU time of child processes that have ended; 0 where the system has no `/proc`. In ticks of 10 ms. */
function childCpuMs(): number {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return 0;
  }
}
