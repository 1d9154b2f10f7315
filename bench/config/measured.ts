/** What one process measured of one contender. */
export interface Measured {
  readonly name: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The largest resident set of the process. */
  readonly peakMegabytes: number;
  /** How many values were compared with the expected ones. */
  readonly checked: number;
  /** Set where only so many scopes were resolved, and the times of all worked out from them. */
  readonly extrapolatedFrom?: number;
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
