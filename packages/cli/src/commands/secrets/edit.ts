import type { Command } from "commander";
import {
  editSecrets,
  keepEdited,
  scopeOf,
  secretLayerOfFile,
  secretLayersOf,
  type Edited,
  type Session,
} from "@lotse/core/app";
import { exitStatuses, isLotseError, type Diagnostic } from "@lotse/core/kernel";
import type { SecretLayer } from "@lotse/core/secrets";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, splitScope } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { inWorkspace } from "./recipients.ts";
import type { SecretScopeOptions } from "./scope.ts";

interface EditOptions extends SecretScopeOptions {
  readonly allowDisk?: boolean;
}

/** `lotse secrets edit ENV|FILE` */
export function addEdit(parent: Command, context: Context): void {
  leaf(parent, "edit", "edit a secret file in plain text, in memory, with your editor")
    .argument("<env|file>", "environment, environment:tenant, or a secret file")
    .option("-t, --tenant <tenant>", "the tenant whose own file is meant")
    .option("--allow-disk", "use a file on the disk where the machine has no directory in memory")
    .addHelpText(
      "after",
      `
The plain text is in memory (mode 0600) and removed however this ends. A mistake opens the editor again with the
text as it is; one that cannot be written is kept, in memory, for a day. What did not change keeps its bytes. The editor is SOPS_EDITOR, EDITOR or VISUAL.

Example:
  lotse secrets edit prod --tenant nordlicht-records`,
    )
    .action(async (what: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditOptions>();
      const session = sessionOf(context, options);
      const layer = layerOf(context, session, what, options);
      const edited = await editSecrets(session, layer, {
        prompt: { onMistake: (diagnostics) => afterMistake(context, diagnostics) },
        signal: context.signal,
        allowDisk: options.allowDisk === true,
      });
      const kept = await keepEdited(edited);
      const { outcome, file, version, inMemory } = edited;
      printResult(context, options.output ?? "table", {
        value: { outcome, file, version, inMemory, kept },
        table: () => editedText(edited, kept),
      });
      if (edited.refusal !== null) throw edited.refusal;
      if (outcome === "given-up") throw new ExitWith(exitStatuses.input);
    });
}

function layerOf(context: Context, session: Session, what: string, options: EditOptions): SecretLayer {
  const { environment, tenant } = splitScope(what);
  try {
    const scope = scopeOf(session, environment, options.tenant ?? tenant);
    const layer = secretLayersOf(session, scope).findLast((known) => known.tenant === (scope.tenant ?? null));
    if (layer !== undefined) return layer;
  } catch (error) {
    if (!isLotseError(error) || error.code !== "config.unknown-environment" || !/[/.]/u.test(what))
      throw error;
  }
  return secretLayerOfFile(session, inWorkspace(context, session, what, options));
}

async function afterMistake(
  context: Context,
  diagnostics: readonly Diagnostic[],
): Promise<"retry" | "give-up"> {
  for (const diagnostic of diagnostics) context.err(formatDiagnostic(diagnostic, context.stderrColours));
  if (context.ask === null) return "give-up";
  const answer = await context.ask("press Enter to go on editing, or type q to give up: ");
  return answer.trim().toLowerCase() === "q" ? "give-up" : "retry";
}

function editedText({ outcome, file, version }: Edited, kept: string | null): string {
  switch (outcome) {
    case "unchanged":
      return `${file}: nothing was changed\n`;
    case "changed":
      return `${file}: version ${version ?? "-"}\n`;
    case "given-up":
      return `${file}: nothing was written${kept === null ? "" : `; your text is in ${kept}: remove it when you are done, or the next edit does after a day`}\n`;
    default:
      return outcome satisfies never;
  }
}
