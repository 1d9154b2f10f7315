/** What one process measured. Times in milliseconds. */
export interface Measured {
  readonly name: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The largest resident set of the process. */
  readonly peakMegabytes: number;
  /** Verdicts: checks times scopes, of the checks that apply. */
  readonly verdicts: number;
  /** Verdicts by status, to compare contenders. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** What only Lotse does. */
export interface LotseFigures extends Measured {
  readonly scopes: number;
  readonly resolveMs: number;
  /** Evidence of all results written out as JSON. */
  readonly writeMs: number;
  /** How often a rule was really run. */
  readonly rulesRun: number;
  /** One tenant's file changed, median. */
  readonly tenantMs: number;
  /** The production file changed, which half of the scopes read. */
  readonly environmentMs: number;
}

/** Runs something and measures it. */
export function timed(act: () => void): { readonly wallMs: number; readonly cpuMs: number } {
  const cpu = process.cpuUsage();
  const started = performance.now();
  act();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

/** The largest resident set of this process so far. */
export function peakMegabytes(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Counts statuses. */
export function countOf(statuses: Iterable<string>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
