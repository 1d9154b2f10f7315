import { Execution, type ExecutionParts } from "./execution.ts";
import { takeTurn, type Turn } from "./locks.ts";
import { loadRollout } from "./rollout-store.ts";
import { rest } from "./rest.ts";
import { Run } from "./run.ts";
import type { RolloutState } from "./status.ts";

/** Runs a function once and remembers its result: after a crash the remembered result is given. */
export type Durably = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** How often a rollout of several tenants looks whether its turn has come, in milliseconds. */
const turnMs = 100;

/**
 * Carries out a run of a rollout. This is what is repeated after a crash: it asks for the same steps in the
 * same order each time, decides by nothing but their remembered results, and throws nothing that is expected.
 *
 * The results of steps are remembered in our own table, under the fence; what the engine remembers itself, by
 * `durably`, is how the run ended.
 */
export async function runRollout(
  parts: ExecutionParts,
  durably: Durably,
  id: string,
  run: number,
): Promise<RolloutState | "ended"> {
  const rollout = await loadRollout(parts.database, id);
  if (rollout === null) return "ended";
  const execution = new Execution(parts, rollout.request);
  const turn = await waitForTurn(parts, id, run, execution.token);
  if (turn.is === "ended") return "ended";
  return new Run({ parts, durably, execution, rollout: { ...rollout, run }, fences: turn.fences }).carryOut();
}

async function waitForTurn(
  { database, executor, closing }: ExecutionParts,
  id: string,
  run: number,
  token: string,
): Promise<Exclude<Turn, { is: "wait" }>> {
  for (;;) {
    const turn = await takeTurn(database, id, run, { executor, token });
    if (turn.is !== "wait") return turn;
    await rest(turnMs, closing);
  }
}
