import { distance } from "fastest-levenshtein";

/**
 * The candidate that a misspelt name probably means.
 *
 * @returns `undefined` where none is near: at most a third of the letters, and at most three, may differ
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const lower = name.toLowerCase();
  let best: string | undefined;
  let least = Math.min(3, Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const steps = distance(lower, candidate.toLowerCase());
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

/** A hint that suggests the nearest name, or lists the first few there are. */
export function suggest(name: string, candidates: readonly string[]): string {
  const best = nearest(name, candidates);
  if (best !== undefined) return `did you mean ${best}?`;
  if (candidates.length === 0) return "there is none";
  const shown = candidates.slice(0, 12).join(", ");
  return candidates.length > 12 ? `there are ${shown}, …` : `there are ${shown}`;
}
