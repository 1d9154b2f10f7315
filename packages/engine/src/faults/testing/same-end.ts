import { expect } from "vitest";
import { sceneOf } from "./scenes.ts";
import type { Remains } from "./stage.ts";
import type { Attempt } from "./world.ts";

/** What has to be the same, however often a controller died on the way. */
interface End {
  readonly state: string;
  readonly reason: string | null;
  readonly tenants: unknown;
  readonly steps: readonly string[];
  readonly effects: Readonly<Record<string, number>>;
  readonly places: unknown;
  readonly current: unknown;
  readonly pending: unknown;
  readonly history: readonly string[];
  readonly lock: string | null;
  readonly trail: readonly string[];
}

/** The end without what differs from one rollout to another: its name. */
function endOf(tenant: string, { status, world, deployment, lock, trail }: Remains): End {
  const named = (text: string): string => text.replaceAll(tenant, "ROLLOUT");
  const { current } = deployment;
  return {
    state: status.state,
    reason: status.reason,
    tenants: status.tenants.map((outcome) => ({ ...outcome, tenant: null })),
    steps: status.steps.map(({ name, state, error }) => `${name} ${state} ${error ?? ""}`),
    effects: Object.fromEntries(Object.entries(world.effects).map(([key, times]) => [named(key), times])),
    places: world.places,
    current: current === null ? null : { ...current, rollout: named(current.rollout), since: null },
    pending: deployment.pending,
    history: deployment.history.map((entry) => named(`${entry.rollout} ${entry.version} ${entry.status}`)),
    lock,
    trail,
  };
}

/** Repeated effects, and whether each was repeated under a newer fence only. */
function repeats(attempts: readonly Attempt[]): { times: number; under: "newer fences" | "an older fence" } {
  let times = 0;
  const newest = new Map<string, number>();
  for (const { effect, fence, was } of attempts) {
    if (was !== "begun") continue;
    const before = newest.get(effect);
    if (before !== undefined) {
      times += 1;
      if (fence <= before) return { times, under: "an older fence" };
    }
    newest.set(effect, fence);
  }
  return { times, under: "newer fences" };
}

/**
 * Asserts that a rollout ended as the one that nothing happened to.
 *
 * @param calm - the tenant of the latter
 * @returns how many effects were interrupted and repeated
 */
export function expectSameEnd(tenant: string, remains: Remains, calm: string, reference: Remains): number {
  expect({ tenant, ...endOf(tenant, remains) }).toEqual({ tenant, ...endOf(calm, reference) });
  expect(Object.values(remains.world.effects).filter((times) => times !== 1)).toEqual([]);
  const { times, under } = repeats(remains.world.attempts);
  expect({ tenant, under }).toEqual({ tenant, under: "newer fences" });
  return times;
}

/**
 * Asserts that the target was not even asked again for a step that was completed.
 *
 * @param key - of the step
 * @param pid - of the controller that died after it. One that only read of it, because the one before died by
 * another's fault when it had completed it, asked for nothing: then there is no moment to count from.
 */
export function expectNotAskedAgain({ world }: Remains, key: string, pid: number | undefined): void {
  const asked = world.attempts.filter(({ effect }) => effect === key || effect.startsWith(`${key} `));
  const last = asked.findLastIndex((attempt) => attempt.pid === pid);
  if (last === -1) return;
  expect({ key, after: asked.slice(last + 1) }).toEqual({ key, after: [] });
}

/** Asserts what the reference itself must be, so that nothing is compared with what is wrong. */
export function expectCalm(tenant: string, { status, deployment, lock, trail, world }: Remains): void {
  const { state, warm } = sceneOf(tenant);
  const kind = warm === true ? "rollback" : "deploy";
  const good = state === "deployed";
  expect({ tenant, state: status.state }).toEqual({ tenant, state });
  expect(lock).toBe(null);
  expect(deployment.pending).toBe(null);
  expect(deployment.current?.version).toBe(good ? "2.0.0" : "1.0.0");
  expect(deployment.history.map(({ status: how }) => how)).toEqual([
    good ? "deployed" : "rolled-back",
    "deployed",
  ]);
  const outcome = good ? "success" : "failure";
  expect(trail.filter((entry) => entry !== "rollout.approve success")).toEqual([
    `rollout.${kind} intent`,
    `rollout.tenant ${outcome}`,
    `rollout.${kind} ${outcome}`,
  ]);
  expect(world.attempts.every(({ was }) => was !== "refused" && was !== "known")).toBe(true);
  for (const { weights } of Object.values(world.places))
    expect(weights).toEqual(good ? { blue: 0, green: 100 } : { blue: 100, green: 0 });
}
