import type { Command } from "commander";
import { withCommon } from "../options.ts";

/** Adds a command that does something, with the options that all such commands share. */
export function leaf(parent: Command, name: string, description: string): Command {
  return withCommon(parent.command(name).description(description));
}

/** Ends a command with an exit status that is not 0 although nothing went wrong in Lotse. */
export class ExitWith extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit status ${status}`);
    this.status = status;
  }
}
