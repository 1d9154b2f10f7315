import { z } from "zod";

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d{1,7})(ms|s|m|h|d)$/u;

/** The longest duration that may be written: 30 days. */
const longestMs = 30 * units.d;

/**
 * Reads a duration such as `90s` or `5m`.
 *
 * @returns milliseconds; NaN when it is not one
 */
export function durationMs(text: string): number {
  const found = pattern.exec(text);
  return Number(found?.[1]) * units[(found?.[2] ?? "ms") as keyof typeof units];
}

/** A duration as people write it; see {@link durationMs}. */
export const durationSchema = z
  .string()
  .regex(pattern, "write it as a number with ms, s, m, h or d, such as 90s")
  .refine((text) => !(durationMs(text) > longestMs), "must not be longer than 30d");
