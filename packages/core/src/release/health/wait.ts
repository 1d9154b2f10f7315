import { LotseError, type Clock } from "../../kernel/index.ts";
import { healthTitle, type HealthSpec } from "./spec.ts";

/**
 * One try, asked anew each time: null when it is healthy, a few words when it is not yet, or why it is gone for
 * good. What cannot be asked, because its host does not answer, is not healthy.
 */
export type HealthTry = () => Promise<string | null | { readonly gone: string }>;

/** What is waited for. */
export interface HealthWait {
  readonly ask: HealthTry;
  readonly health: HealthSpec;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for as many good answers in a row as the description asks for.
 *
 * @throws LotseError `target.start` as soon as it is gone, `target.unhealthy` when the time is over; the signal's
 * reason when it is aborted
 */
export async function waitUntilHealthy({ ask, health, clock, signal }: HealthWait): Promise<void> {
  const end = clock.elapsedMs() + health["deadline-ms"];
  let good = 0;
  for (;;) {
    signal?.throwIfAborted();
    const found = await ask();
    if (found !== null && typeof found === "object") {
      throw new LotseError({ code: "target.start", message: found.gone });
    }
    good = found === null ? good + 1 : 0;
    if (good >= health.successes) return;
    if (clock.elapsedMs() + health["interval-ms"] >= end) {
      const last = found ?? `only ${good} good answers in a row`;
      throw new LotseError({
        code: "target.unhealthy",
        message: `${healthTitle(health)} was not healthy within ${health["deadline-ms"]} ms: ${last}`,
      });
    }
    await clock.sleep(health["interval-ms"], signal);
  }
}

/**
 * Watches it under traffic: every try must be good, and it must not end.
 *
 * @param durationMs - how long
 * @throws LotseError `target.verify`; the signal's reason when it is aborted
 */
export async function watchHealth(
  { ask, health, clock, signal }: HealthWait,
  durationMs: number,
): Promise<void> {
  const end = clock.elapsedMs() + durationMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await ask();
    if (found !== null) {
      const message =
        typeof found === "string" ? `${healthTitle(health)} failed after the switch: ${found}` : found.gone;
      throw new LotseError({ code: "target.verify", message });
    }
    const left = end - clock.elapsedMs();
    if (left <= 0) return;
    await clock.sleep(Math.min(left, health["interval-ms"]), signal);
  }
}
