import type { Command } from "commander";
import type { Actor } from "@lotse/core/kernel";
import type { Rollouts } from "@lotse/engine";
import type { Context } from "../../context.ts";
import { printedRollout, statusText } from "../../output/rollout.ts";
import { printResult } from "../../output/result.ts";
import type { CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { ensureWorker } from "./background.ts";
import { openDesk } from "./desk.ts";

interface ControlOptions extends CommonOptions {
  readonly gate?: string;
  readonly tenant?: string;
}

type Act = (rollouts: Rollouts, id: string, actor: Actor, options: ControlOptions) => Promise<void>;

interface Control {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  readonly act: Act;
}

const controls: readonly Control[] = [
  {
    name: "approve",
    description: "let a rollout go on that waits for an approval, or will wait for one",
    example: "lotse approve 20261121T093805Z-1a2b3c --gate ops",
    act: (rollouts, id, actor, { gate, tenant }) => rollouts.approve(id, actor, { gate, tenant }),
  },
  {
    name: "pause",
    description: "make a rollout wait before its next step",
    example: "lotse pause 20261121T093805Z-1a2b3c",
    act: (rollouts, id, actor) => rollouts.pause(id, actor),
  },
  {
    name: "resume",
    description: "let a paused rollout go on",
    example: "lotse resume 20261121T093805Z-1a2b3c",
    act: (rollouts, id, actor) => rollouts.resume(id, actor),
  },
  {
    name: "abort",
    description: "undo the tenant that a rollout is at work on, and leave those after it as they are",
    example: "lotse abort 20261121T093805Z-1a2b3c",
    act: (rollouts, id, actor) => rollouts.abort(id, actor),
  },
  {
    name: "retry",
    description: "carry out a rollout again that failed, was aborted or is stuck; what it deployed stays",
    example: "lotse retry 20261121T093805Z-1a2b3c",
    act: (rollouts, id, actor) => rollouts.retry(id, actor),
  },
];

/** `lotse approve | pause | resume | abort | retry ROLLOUT` */
export function addControls(program: Command, context: Context): void {
  for (const control of controls) addControl(program, context, control);
}

function addControl(program: Command, context: Context, control: Control): void {
  const command = leaf(program, control.name, control.description)
    .argument("<rollout>", "the id, as `deploy --detach` prints it")
    .addHelpText("after", `\nExample:\n  ${control.example}`);
  if (control.name === "approve") {
    command
      .option("--gate <name>", "the name of the approval; the first that is not given, if left out")
      .option("-t, --tenant <tenant>", "whose rollout it is for; the first that waits, if left out");
  }
  command.action(async (id: string, _: unknown, called: Command) => {
    const options = called.optsWithGlobals<ControlOptions>();
    const desk = await openDesk(context, { ...options, worker: false });
    try {
      const { session, rollouts } = desk;
      // Names only what there is: the id of a typing error may be anything.
      const { environment } = await asked(desk.session, id, () => rollouts.status(id));
      const access = {
        action: "rollout.request",
        object: id,
        scope: { environment },
        details: { command: control.name },
      };
      await session.recorder.change(access, () => control.act(rollouts, id, session.actor, options));
      await ensureWorker(desk);
      const status = await rollouts.status(id);
      printResult(context, options.output ?? "table", {
        value: printedRollout(status),
        table: (colours) => statusText(status, colours),
      });
    } finally {
      await desk.engine.close();
    }
  });
}

/** Looks a rollout up, and tells the log of the workspace where there is none. */
async function asked<T>(
  {
    recorder,
  }: { readonly recorder: { denied(access: { action: string; object: string }): Promise<unknown> } },
  id: string,
  look: () => Promise<T>,
): Promise<T> {
  try {
    return await look();
  } catch (error) {
    await recorder.denied({ action: "rollout.request", object: id.slice(0, 100) });
    throw error;
  }
}
