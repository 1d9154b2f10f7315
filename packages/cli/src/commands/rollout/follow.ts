import { exitStatuses } from "@lotse/core/kernel";
import type { RolloutStatus } from "@lotse/engine";
import type { Context } from "../../context.ts";
import { RolloutReporter } from "../../output/rollout-progress.ts";
import { outcomeText, printedRollout } from "../../output/rollout.ts";
import { printResult, type Format } from "../../output/result.ts";
import { ExitWith } from "../leaf.ts";
import { startBackground } from "./background.ts";
import type { Desk } from "./desk.ts";

/** How often it is looked how a rollout goes on, in milliseconds. */
const lookMs = 100;

/**
 * Waits until a rollout has ended, tells on the way what happens, and prints how it ended. The first Ctrl-C
 * aborts it, a second one leaves it to the background.
 *
 * @throws ExitWith 1 where it failed, 130 where it was stopped
 */
export async function finishRollout(
  context: Context,
  desk: Desk,
  id: string,
  format: Format | undefined,
): Promise<void> {
  const interrupt = new Interrupt(context, desk, id);
  try {
    const status = await follow(context, desk, id, interrupt.left);
    if (interrupt.left.aborted) {
      await startBackground(desk.session);
      context.err(`a worker in the background undoes it: lotse status ${id} --watch\n`);
      throw new ExitWith(exitStatuses.interrupted);
    }
    printResult(context, format ?? "table", {
      value: printedRollout(status),
      table: (colours) => outcomeText(status, colours),
    });
    // What queued behind it, or was taken up here on the way, must not be left without a worker.
    await interrupt.settled;
    await leaveTheRest(desk);
    if (status.state === "aborted")
      throw new ExitWith(interrupt.asked ? exitStatuses.interrupted : exitStatuses.findings);
    if (status.state !== "deployed") throw new ExitWith(exitStatuses.findings);
  } finally {
    interrupt.end();
  }
}

async function leaveTheRest(desk: Desk): Promise<void> {
  if ((await desk.rollouts.countOpen()) > 0) await startBackground(desk.session);
}

/** Tells what happens to a rollout until it ends, or the signal is aborted. @returns the last that was seen */
export async function follow(
  context: Context,
  { rollouts }: Pick<Desk, "rollouts">,
  id: string,
  signal: AbortSignal,
): Promise<RolloutStatus> {
  const reporter = new RolloutReporter(context);
  let last = await rollouts.status(id);
  for await (const status of rollouts.watch(id, { signal, intervalMs: lookMs })) {
    reporter.report(status);
    last = status;
  }
  return last;
}

/** What Ctrl-C does while somebody waits for a rollout. */
class Interrupt {
  /** Whether this process asked for the rollout to be aborted. */
  asked = false;
  /** Done when what was asked for was handed over. */
  settled: Promise<unknown> = Promise.resolve();
  readonly #left = new AbortController();
  readonly #context: Context;
  readonly #first: () => void;
  readonly #second = (): void => this.#left.abort();

  constructor(context: Context, desk: Desk, id: string) {
    this.#context = context;
    this.#first = () => {
      this.asked = true;
      context.err("aborting: the tenant at work is undone. Once more leaves that to the background\n");
      for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, this.#second);
      this.settled = abort(desk, id).catch((error: unknown) => {
        // It ended in the same moment, and how is told.
        context.err(`${error instanceof Error ? error.message : String(error)}\n`);
      });
    };
    if (context.signal.aborted) this.#first();
    else context.signal.addEventListener("abort", this.#first, { once: true });
  }

  /** Aborted when it is to be left to the background. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  end(): void {
    this.#context.signal.removeEventListener("abort", this.#first);
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, this.#second);
  }
}

async function abort({ session, rollouts }: Desk, id: string): Promise<void> {
  const access = { action: "rollout.request", object: id, details: { command: "abort" } };
  await session.recorder.change(access, () => rollouts.abort(id, session.actor));
}
