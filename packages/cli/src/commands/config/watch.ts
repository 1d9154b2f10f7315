import type { Command } from "commander";
import { watchConfig, type WatchEvent } from "@lotse/core/config";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { inline, jsonValue } from "../../output/value.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse config watch ENV` */
export function addWatch(parent: Command, context: Context): void {
  withScope(leaf(parent, "watch", "print changed paths while files are edited, until Ctrl-C"))
    .argument("<env>", "environment, or environment:tenant")
    .addHelpText(
      "after",
      `
A broken file keeps the last good configuration and is reported on standard error. With -o json, each change is
one line: {"kind": "changed", "paths": […]} or {"kind": "broken", "problem": {…}}.

Example:
  lotse config watch dev:nordlicht-records --override local`,
    )
    .action(async (environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions>();
      const session = sessionOf(context, options);
      const json = options.output === "json";
      const watch = await watchConfig(
        session.manager,
        session.directory,
        requestOf(environment, options),
        (event) => tell(context, event, json),
      );
      context.err(`watching ${session.directory}\n`);
      await new Promise<void>((done) => {
        if (context.signal.aborted) done();
        else context.signal.addEventListener("abort", () => done(), { once: true });
      });
      await watch.close();
    });
}

function tell(context: Context, event: WatchEvent, json: boolean): void {
  if (json) {
    const { config: _, ...rest } = event;
    context.out(`${JSON.stringify(rest)}\n`);
  } else if (event.kind === "broken") {
    context.err(formatDiagnostic(event.problem, context.stderrColours));
  } else {
    for (const path of event.paths) {
      const node = event.config.snapshot.node(path);
      context.out(`${path}: ${node === undefined ? "(gone)" : inline(jsonValue(node))}\n`);
    }
  }
}
