import { relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import {
  addRecipient,
  changeCreationRules,
  existingLayers,
  rekeyFiles,
  removeRecipient,
  rulesFile,
  secretLayerOfFile,
  type RotationItem,
  type RulesOutcome,
  type Session,
} from "@lotse/core/app";
import { LotseError } from "@lotse/core/kernel";
import type { Rekeyed } from "@lotse/core/secrets";
import type { Context } from "../../context.ts";
import { startProgress } from "../../output/progress.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

interface FileOptions extends CommonOptions {
  readonly recursive?: boolean;
}

/** `lotse secrets add-recipient KEY [FILE…]` */
export function addAddRecipient(parent: Command, context: Context): void {
  leaf(parent, "add-recipient", "let somebody open secret files")
    .argument("<recipient>", "age1…, ssh-ed25519 … or ssh-rsa …")
    .argument("[files...]", "secret files; all with --recursive")
    .option("-r, --recursive", "every secret file of the workspace")
    .addHelpText(
      "after",
      `
With --recursive the key goes into .sops.yaml, too, so that new files are for it. With single files it does not.

Example:
  lotse secrets add-recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --recursive`,
    )
    .action(async (recipient: string, files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      const session = sessionOf(context, options);
      const layers = await layersOf(context, session, files, options);
      const rules = await changeRules(context, session, { what: "add", recipient }, options);
      const progress = startProgress(context, "files");
      let done = 0;
      const changed = await addRecipient(session, layers, recipient, () => {
        progress.report(++done, layers.length);
      });
      progress.end();
      printResult(context, options.output ?? "table", {
        value: { files: changed.files.map(printed), rules },
        table: () => `${filesText(changed.files)}${rulesText(rules)}`,
      });
    });
}

/** `lotse secrets remove-recipient KEY [FILE…]` */
export function addRemoveRecipient(parent: Command, context: Context): void {
  leaf(parent, "remove-recipient", "shut somebody out: a new data key, and a plan of what to make anew")
    .argument("<recipient>", "age1…, ssh-ed25519 … or ssh-rsa …")
    .argument("[files...]", "secret files; all with --recursive")
    .option("-r, --recursive", "every secret file of the workspace")
    .option("--actor <id>", "whose reads the plan begins with, as the audit log names them")
    .addHelpText(
      "after",
      `
Whoever could open a file may have kept what was in it. The plan lists every value of the files: first what the
audit log says was read, then what could have been. When this is interrupted, call it again: it goes on, and the
plan is whole. With --recursive the key goes out of .sops.yaml, too.

Example:
  lotse secrets remove-recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --recursive --actor bob`,
    )
    .action(async (recipient: string, files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions & { actor?: string }>();
      const session = sessionOf(context, options);
      const layers = await layersOf(context, session, files, options);
      const rules = await changeRules(context, session, { what: "remove", recipient }, options);
      const progress = startProgress(context, "files");
      let done = 0;
      const changed = await removeRecipient(session, layers, recipient, options.actor, () => {
        progress.report(++done, layers.length);
      });
      progress.end();
      await session.recorder.read({ action: "secret.rotation-plan", object: "secrets" });
      printResult(context, options.output ?? "table", {
        value: {
          files: changed.files.map(printed),
          rotation: changed.rotation.map((item) => ({ ...item })),
          rules,
        },
        table: () => `${filesText(changed.files)}${rulesText(rules)}${rotationText(changed.rotation)}`,
      });
      // Not before: who is interrupted here has seen nothing yet.
      await changed.close();
    });
}

/** `lotse secrets rekey [FILE…]` */
export function addRekey(parent: Command, context: Context): void {
  leaf(parent, "rekey", "give secret files the recipients that .sops.yaml names, and a new data key")
    .argument("[files...]", "secret files; all with --recursive")
    .option("-r, --recursive", "every secret file of the workspace")
    .option("--keep-data-key", "wrap the present data key only, as `sops updatekeys` does")
    .addHelpText(
      "after",
      "\nValues that were written blindly are taken in.\n\nExample:\n  lotse secrets rekey --recursive",
    )
    .action(async (files: readonly string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions & { keepDataKey?: boolean }>();
      const session = sessionOf(context, options);
      const layers = await layersOf(context, session, files, options);
      const progress = startProgress(context, "files");
      let done = 0;
      const rekeyed = await rekeyFiles(session, layers, options.keepDataKey !== true, () => {
        progress.report(++done, layers.length);
      });
      progress.end();
      printResult(context, options.output ?? "table", {
        value: { files: rekeyed.map(printed) },
        table: () => filesText(rekeyed),
      });
    });
}

/** With every file changes who new ones are for. */
async function changeRules(
  context: Context,
  session: Session,
  edit: Parameters<typeof changeCreationRules>[1],
  options: FileOptions,
): Promise<RulesOutcome> {
  if (options.recursive !== true) return "none";
  const outcome = await changeCreationRules(session, edit);
  if (outcome === "by-hand") {
    const what = edit.what === "add" ? "add the key to" : "take the key out of";
    context.err(
      `${what} ${rulesFile} by hand, as it is written in a way of its own; then: lotse secrets verify --accept ${rulesFile}\n`,
    );
  }
  return outcome;
}

function rulesText(outcome: RulesOutcome): string {
  return outcome === "changed" ? `${rulesFile} was changed, too\n` : "";
}

/** A file as the user names it, relative to the workspace. */
export function inWorkspace(
  context: Context,
  session: Session,
  file: string,
  options: CommonOptions,
): string {
  const from = options.directory === undefined ? context.cwd : session.directory;
  return relative(session.directory, resolve(from, file)).split(sep).join("/");
}

async function layersOf(
  context: Context,
  session: Session,
  files: readonly string[],
  options: FileOptions,
): ReturnType<typeof existingLayers> {
  if (files.length === 0 && options.recursive !== true) {
    throw new LotseError({
      code: "usage.argument",
      message: "no file was named",
      hint: "name secret files, or give --recursive for all of them",
    });
  }
  const layers = await existingLayers(
    session,
    files.map((file) => secretLayerOfFile(session, inWorkspace(context, session, file, options)).file),
  );
  if (layers.length === 0) await session.recorder.read({ action: "secret.list", object: "files" });
  return layers;
}

function printed({ file, version, recipients, newDataKey }: Rekeyed) {
  return { file, version, recipients: [...recipients], newDataKey };
}

function filesText(files: readonly Rekeyed[]): string {
  if (files.length === 0) return "no file was changed\n";
  return table(
    ["FILE", "VERSION", "RECIPIENTS", "DATA KEY"],
    files.map(({ file, version, recipients, newDataKey }) => [
      file,
      String(version),
      String(recipients.length),
      newDataKey ? "new" : "as before",
    ]),
  );
}

function rotationText(items: readonly RotationItem[]): string {
  if (items.length === 0) return "";
  return `\nmake these anew:\n${table(
    ["SECRET", "ENVIRONMENT", "TENANT", "READ"],
    items.map(({ name, environment, tenant, readAt }) => [
      name,
      environment ?? "-",
      tenant ?? "-",
      readAt ?? "could have been",
    ]),
  )}`;
}
