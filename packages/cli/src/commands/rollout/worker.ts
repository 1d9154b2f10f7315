import { setTimeout as sleep } from "node:timers/promises";
import { Option, type Command } from "commander";
import { LotseError } from "@lotse/core/kernel";
import { durationMs } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import type { CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { enlist, ensureWorker } from "./background.ts";
import { openDesk, type Desk } from "./desk.ts";

interface WorkerOptions extends CommonOptions {
  readonly idle?: string;
  readonly background?: boolean;
}

/** How often it is looked whether there is something to do, in milliseconds. */
const lookMs = 500;

/** `lotse worker` */
export function addWorker(program: Command, context: Context): void {
  leaf(program, "worker", "carry out rollouts until it is stopped")
    .option("--idle <time>", "end when there was nothing to do for so long, such as 60s")
    .addOption(new Option("--background", "ended by `lotse stop`").hideHelp())
    .addHelpText(
      "after",
      `
Any number of workers on any number of machines may share a database (DATABASE_URL); each goes on with what
others left. A worker opens the secrets of what it starts, so it needs a key for them: see docs/engine.md.

Example:
  lotse worker`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<WorkerOptions>();
      const idleMs = options.idle === undefined ? Number.POSITIVE_INFINITY : idleOf(options.idle);
      const desk = await openDesk(context, { ...options, worker: true });
      await desk.session.recorder.read({ action: "rollout.work", object: "worker" });
      const retire = options.background === true ? await enlist(desk.session) : () => Promise.resolve();
      try {
        await desk.engine.working;
        if (options.background !== true) context.err("carrying out rollouts; Ctrl-C ends it\n");
        await work(context, desk, idleMs);
      } finally {
        await desk.engine.close();
        await retire();
      }
      if (!context.signal.aborted) await lookOnceMore(context, options);
    });
}

/** Waits until it is stopped, or nothing was to be done for a while. */
async function work({ signal }: Context, { rollouts }: Desk, idleMs: number): Promise<void> {
  let idleSince = performance.now();
  while (!signal.aborted) {
    if ((await rollouts.countOpen()) > 0) idleSince = performance.now();
    else if (performance.now() - idleSince >= idleMs) return;
    await sleep(Math.min(lookMs, idleMs), undefined, { signal }).catch(() => undefined);
  }
}

/** Somebody may have seen this worker live, and left a rollout to it, while it was ending. */
async function lookOnceMore(context: Context, options: WorkerOptions): Promise<void> {
  const desk = await openDesk(context, { ...options, worker: false });
  try {
    await ensureWorker(desk);
  } finally {
    await desk.engine.close();
  }
}

function idleOf(text: string): number {
  const ms = durationMs(text);
  if (!Number.isNaN(ms)) return ms;
  throw new LotseError({
    code: "usage.argument",
    message: `--idle is not a duration: ${JSON.stringify(text.slice(0, 40))}`,
    hint: "write a number with ms, s, m, h or d, such as 60s",
  });
}
