// Rollouts that all work at the same time, with steps that take as long as a real host's, in a process and on a
// database of their own: node --conditions=lotse-source engine-growth.ts COUNT STEP_MS. Prints JSON.
import { readdirSync, readFileSync } from "node:fs";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ActStep, Effect, RolloutRequest } from "@lotse/core/release";
import { openEngine, startEmbedded, stopEmbedded } from "@lotse/engine";
import { requestFor } from "../../packages/engine/src/testing/requests.ts";
import { TimingDriver } from "./engine-driver.ts";
import { spreadOf, type Spread } from "./engine-statistics.ts";

/** What one number of rollouts showed. */
export interface GrowthFigures {
  readonly rollouts: number;
  /** How many had been planned and had not ended, at most. */
  readonly mostInFlight: number;
  readonly wallMs: number;
  readonly steps: number;
  /** Between the end of a step and the beginning of the next one. */
  readonly own: Spread;
  /** From handing over until the plan is asked for; all are handed over at once. */
  readonly pickUp: Spread;
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
  readonly peakMegabytes: number;
}

/** A driver whose steps take a while. */
class SlowDriver extends TimingDriver {
  readonly #stepMs: number;
  inFlight = 0;
  mostInFlight = 0;

  constructor(stepMs: number) {
    super();
    this.#stepMs = stepMs;
  }

  override async act(request: RolloutRequest, step: ActStep, { signal }: Effect): Promise<undefined> {
    const from = performance.now();
    if (step.name === "prepare") this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    await sleep(this.#stepMs, undefined, { signal });
    if (step.name === "retire") this.inFlight--;
    this.acts.set(request.id, [
      ...(this.acts.get(request.id) ?? []),
      { step: step.name, from, to: performance.now() },
    ]);
    return undefined;
  }
}

/** The CPU time of PostgreSQL's processes so far, in ticks of 10 ms. */
function postgresCpuMs(pid: number | null): number {
  if (pid === null) return Number.NaN;
  const fieldsOf = (id: string): readonly string[] => {
    try {
      return readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    } catch {
      return [];
    }
  };
  const processes = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  const own = processes.filter((id) => Number(id) === pid || Number(fieldsOf(id)[1]) === pid);
  const ticks = (id: string): number => {
    const fields = fieldsOf(id);
    const ended = Number(id) === pid ? Number(fields[13]) + Number(fields[14]) : 0;
    return Number(fields[11]) + Number(fields[12]) + ended;
  };
  return own.reduce((sum, id) => sum + (ticks(id) || 0), 0) * 10;
}

async function measure(count: number, stepMs: number, directory: string): Promise<GrowthFigures> {
  const server = await startEmbedded({ directory });
  const driver = new SlowDriver(stepMs);
  const engine = await openEngine({ url: server.url, driver });
  try {
    const ids = Array.from({ length: count }, (_, at) => `rollout-${at}`);
    const handed = new Map<string, number>();
    const [cpu, postgres, from] = [process.cpuUsage(), postgresCpuMs(server.pid), performance.now()];
    await Promise.all(
      ids.map((id) => {
        handed.set(id, performance.now());
        return engine.rollouts.startRollout(requestFor(id, [id]), { actor: { kind: "system", id: "bench" } });
      }),
    );
    while ((await engine.rollouts.countOpen()) > 0) await sleep(50);
    const wallMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    const acts = [...driver.acts.values()];
    const gaps = acts.flatMap((all) => all.slice(1).map((act, at) => act.from - (all[at]?.to ?? Number.NaN)));
    return {
      rollouts: count,
      mostInFlight: driver.mostInFlight,
      wallMs,
      steps: acts.flat().length,
      own: spreadOf(gaps),
      pickUp: spreadOf(
        ids.map((id) => (driver.planned.get(id) ?? Number.NaN) - (handed.get(id) ?? Number.NaN)),
      ),
      cpuMs: (user + system) / 1000,
      postgresCpuMs: postgresCpuMs(server.pid) - postgres,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    await engine.close();
    await stopEmbedded({ directory });
  }
}

const base = mkdtempSync(join(tmpdir(), "lotse-bench-growth-"));
chmodSync(base, 0o711);
try {
  const figures = await measure(Number(process.argv[2]), Number(process.argv[3]), join(base, "postgres"));
  process.stdout.write(JSON.stringify(figures));
} finally {
  rmSync(base, { recursive: true, force: true });
}
