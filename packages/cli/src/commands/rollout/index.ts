import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addControls } from "./controls.ts";
import { addDeploy, addRollback } from "./deploy.ts";
import { addStatus } from "./status.ts";
import { addWorker } from "./worker.ts";

/** Everything that is done with rollouts. */
export function addRollouts(program: Command, context: Context): void {
  addDeploy(program, context);
  addRollback(program, context);
  addStatus(program, context);
  addControls(program, context);
  addWorker(program, context);
}
