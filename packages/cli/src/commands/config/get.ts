import type { Command } from "commander";
import { invalidConfig, isScalarNode, toYaml, type Node, type Snapshot } from "@lotse/core/config";
import type { Session } from "@lotse/core/app/workspace";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { jsonValue } from "../../output/value.ts";
import { environmentText } from "../../output/env-lines.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse config get ENV [PATH]` */
export function addGet(parent: Command, context: Context): void {
  withScope(leaf(parent, "get", "print a value, or the whole environment"))
    .argument("<env>", "environment, or environment:tenant")
    .argument("[path]", "such as database.postgresql.port")
    .addHelpText(
      "after",
      `
Examples:
  lotse config get prod database.postgresql --tenant nordlicht-records
  lotse config get prod:nordlicht-records scaling.max_replicas -o json
  lotse config get staging --override performance --set logging.level=debug -o yaml
  lotse config get prod:nordlicht-records -o env > .env`,
    )
    .action(async (environment: string, path: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions>();
      const session = sessionOf(context, options);
      const snapshot = usableSnapshot(session, environment, options, context);
      const node = path === undefined ? snapshot.root : snapshot.require(path);
      printResult(context, options.output ?? "table", {
        value: jsonValue(node),
        table: () => plainText(node),
        env: () => environmentText(snapshot, path),
      });
    });
}

/**
 * Resolves a scope that is going to be used, and warns of what is lifted.
 *
 * @throws LotseError with the first finding when an error was found
 */
export function usableSnapshot(
  session: Session,
  environment: string,
  options: ScopeOptions,
  context: Context,
): Snapshot {
  const snapshot = session.engine.resolve(requestOf(environment, options));
  if (!snapshot.ok) throw invalidConfig(snapshot.scope, snapshot.diagnostics);
  for (const warning of snapshot.diagnostics) context.err(formatDiagnostic(warning, context.stderrColours));
  return snapshot;
}

/** A single value as its bare text; anything else as YAML. */
function plainText(node: Node): string {
  if (!isScalarNode(node)) return toYaml(node);
  return `${node.text ?? String(node.value)}\n`;
}
