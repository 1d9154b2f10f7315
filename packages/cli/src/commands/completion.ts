import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { openSession, type Session } from "@lotse/core/app/workspace";
import { resolve } from "node:path";
import type { Context } from "../context.ts";

/**
 * `lotse completion bash|zsh|fish`: prints a script that completes commands, options and the workspace's own
 * names. The script calls the hidden command `complete`.
 */
export function addCompletion(program: Command, context: Context): void {
  const root = tab(program, { completionCommandName: "completion" });
  const names = namesOfWorkspace(context);
  for (const command of root.commands.values()) {
    for (const name of ["env", "left", "right"]) {
      const argument = command.arguments.get(name);
      if (argument !== undefined)
        argument.handler = (complete) =>
          names.environments().forEach((text) => complete(text, "environment"));
    }
    const tenant = command.options.get("tenant");
    if (tenant !== undefined)
      tenant.handler = (complete) => names.tenants().forEach((text) => complete(text, "tenant"));
    const without = command.options.get("without");
    if (without !== undefined)
      without.handler = (complete) => names.layers().forEach((text) => complete(text, "layer"));
  }
}

/** The names that can be completed; none where there is no workspace or it is broken. */
function namesOfWorkspace(context: Context) {
  const ask = (question: (session: Session) => readonly string[]): readonly string[] => {
    try {
      return question(openSession({ directory: resolve(context.cwd), variables: context.variables }));
    } catch {
      return [];
    }
  };
  return {
    environments: () => ask(({ engine }) => [...engine.workspace.environmentNames.keys()]),
    tenants: () => ask(({ engine }) => engine.tenants.all()),
    layers: () => ask(({ engine }) => engine.workspace.layers.map(({ name }) => name)),
  };
}
