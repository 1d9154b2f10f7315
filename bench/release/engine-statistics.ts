/** What a list of times in milliseconds comes to. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly count: number;
}

/** The median and the 99th percentile, by nearest rank. */
export function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { p50Ms: round(at(0.5)), p99Ms: round(at(0.99)), count: sorted.length };
}

/** To a tenth. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
