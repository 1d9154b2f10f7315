import { setTimeout as sleep } from "node:timers/promises";
import type { Sensitive } from "@lotse/core/kernel";
import { openEngine, type Rollouts } from "@lotse/engine";
import { requestFor } from "../../packages/engine/src/testing/requests.ts";
import { TimingDriver } from "./engine-driver.ts";
import { round, spreadOf, type Spread } from "./engine-statistics.ts";

const actor = { kind: "system", id: "bench" } as const;

/** How much is measured. */
export interface RolloutLoad {
  /** Rollouts that are under way at the same time, at a pause. */
  readonly inFlight: number;
  /** Rollouts that are handed over meanwhile, one after the other. */
  readonly handed: number;
  /** Rollouts that are aborted with traffic on the new release. */
  readonly aborted: number;
}

/** What was measured. */
export interface RolloutFigures {
  readonly inFlight: number;
  /** From the call that hands a rollout over until its plan is asked for. */
  readonly pickUp: Spread;
  /** Between the end of one step and the beginning of the next. */
  readonly ownPerStep: Spread;
  /** From the call that aborts until the traffic is back. */
  readonly abort: Spread;
  /** Of this process while it watches all that are under way, in percent of one core. */
  readonly idleCpuPercent: number;
  readonly rssMb: number;
}

/** Measures one worker in this process. */
export async function measureRollouts(url: Sensitive<string>, load: RolloutLoad): Promise<RolloutFigures> {
  const driver = new TimingDriver();
  const engine = await openEngine({ url, driver });
  try {
    const { rollouts } = engine;
    const pause = { kind: "pause", name: "observe", durationMs: 3_600_000 };
    const waiting = Array.from({ length: load.inFlight }, (_, at) => `waiting-${at}`);
    await Promise.all(
      waiting.map((id) => rollouts.startRollout(requestFor(id, [id], { extra: pause }), { actor })),
    );
    await until(() => waiting.every((id) => driver.acts.get(id)?.length === 3));
    const [cpuPercent, rssMb] = await idle();
    const pickUp: number[] = [];
    for (let at = 0; at < load.handed; at++) pickUp.push(await handOver(rollouts, driver, `handed-${at}`));
    const gaps = Array.from({ length: load.handed }, (_, at) => gapsOf(driver, `handed-${at}`)).flat();
    const abort: number[] = [];
    for (const id of waiting.slice(0, load.aborted)) abort.push(await abortOne(rollouts, driver, id));
    const under = await rollouts.countOpen();
    return {
      inFlight: under + load.aborted,
      pickUp: spreadOf(pickUp),
      ownPerStep: spreadOf(gaps),
      abort: spreadOf(abort),
      idleCpuPercent: cpuPercent,
      rssMb,
    };
  } finally {
    await engine.close();
  }
}

async function handOver(rollouts: Rollouts, driver: TimingDriver, id: string): Promise<number> {
  const from = performance.now();
  await rollouts.startRollout(requestFor(id, [id]), { actor });
  await rollouts.finished(id);
  return (driver.planned.get(id) ?? Number.NaN) - from;
}

function gapsOf(driver: TimingDriver, id: string): readonly number[] {
  const acts = driver.acts.get(id) ?? [];
  return acts.slice(1).map((act, at) => act.from - (acts[at]?.to ?? Number.NaN));
}

async function abortOne(rollouts: Rollouts, driver: TimingDriver, id: string): Promise<number> {
  const restored = (): number | undefined => driver.acts.get(id)?.find(({ step }) => step === "restore")?.to;
  const from = performance.now();
  await rollouts.abort(id, actor);
  await until(() => restored() !== undefined);
  return (restored() ?? Number.NaN) - from;
}

async function idle(): Promise<readonly [number, number]> {
  const [cpu, from] = [process.cpuUsage(), performance.now()];
  await sleep(3000);
  const { user, system } = process.cpuUsage(cpu);
  const percent = (user + system) / 10 / (performance.now() - from);
  return [round(percent), round(process.memoryUsage.rss() / 1024 / 1024)];
}

async function until(predicate: () => boolean): Promise<void> {
  while (!predicate()) await sleep(5);
}
