import { takeFences, takeLocks } from "./locks.ts";
import { Execution, type ExecutionParts } from "./execution.ts";
import { loadRollout } from "./rollout-store.ts";
import { Run } from "./run.ts";
import type { RolloutState } from "./status.ts";

/** Runs a function once and remembers its result: after a crash the remembered result is given. */
export type Durably = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** How often a rollout of several tenants looks whether its turn has come, in milliseconds. */
const turnMs = 100;

/**
 * Carries out a run of a rollout. This is what is repeated after a crash: it asks for the same steps in the
 * same order each time, decides by nothing but their remembered results, and throws nothing that is expected.
 */
export async function runRollout(
  parts: ExecutionParts,
  durably: Durably,
  id: string,
  run: number,
): Promise<RolloutState | "ended"> {
  const rollout = await loadRollout(parts.database, id);
  if (rollout === null) return "ended";
  const turn = await durably("lock", () => waitForTurn(parts, id));
  if (turn === "ended") return "ended";
  const execution = new Execution(parts, rollout.request);
  // Not remembered: each execution takes fences of its own.
  const fences = await takeFences(parts.database, id, parts.executor, execution.token);
  return new Run({ parts, durably, execution, rollout: { ...rollout, run }, fences }).carryOut();
}

async function waitForTurn({ database }: ExecutionParts, id: string): Promise<"held" | "ended"> {
  for (;;) {
    const answer = await takeLocks(database, id);
    if (answer !== "wait") return answer;
    await new Promise((resolve) => {
      setTimeout(resolve, turnMs);
    });
  }
}
