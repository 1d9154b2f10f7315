import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { decryptFile, encryptFile, type FileTools, type Session } from "@lotse/core/app";
import { LotseError, replaceFile, systemClock, systemExec, writePrivateFile } from "@lotse/core/kernel";
import type { SopsFormat } from "@lotse/core/secrets";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { inWorkspace } from "./recipients.ts";

const formats: readonly SopsFormat[] = ["yaml", "json", "env", "ini", "binary"];

interface FileOptions extends CommonOptions {
  readonly inPlace?: boolean;
  readonly out?: string;
  readonly type?: SopsFormat;
  readonly age: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function withFile(command: Command): Command {
  return command
    .argument("<file>", "any file, also outside a workspace")
    .option("-i, --in-place", "replace the file")
    .option("--out <file>", "write to this file, mode 0600")
    .addOption(
      new Option("--type <type>", "the file's format; by its name if left out").choices([...formats]),
    );
}

/** `lotse secrets decrypt FILE` */
export function addDecrypt(parent: Command, context: Context): void {
  withFile(leaf(parent, "decrypt", "decrypt any sops file"))
    .addHelpText(
      "after",
      `
Keys come from SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE, and where sops
and ssh keep theirs. The MAC is checked; a file that was changed is not decrypted.

Examples:
  lotse secrets decrypt secrets.enc.yaml
  lotse secrets decrypt app.env --out /dev/shm/app.env`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      const path = resolve(context.cwd, file);
      await recordFile(context, options, "secret.decrypt", file);
      const plain = await decryptFile(toolsOf(context), path, options.type);
      await put(context, options, path, plain.reveal());
    });
}

/** `lotse secrets encrypt FILE` */
export function addEncrypt(parent: Command, context: Context): void {
  withFile(leaf(parent, "encrypt", "encrypt a file so that sops opens it"))
    .option("--age <recipient>", "age1…, ssh-ed25519 … or ssh-rsa …; may be repeated", collect, [])
    .addHelpText(
      "after",
      `
Without --age the recipients are those that the nearest .sops.yaml names for the file.

Examples:
  lotse secrets encrypt -i environments/prod/secrets/prod.yml
  lotse secrets encrypt plain.json --age age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      const path = resolve(context.cwd, file);
      await recordFile(context, options, "secret.encrypt", file);
      const sealed = await encryptFile(toolsOf(context), path, options.age, options.type);
      await put(context, options, path, sealed);
      if (options.inPlace === true && sessionAround(context, options) !== null) {
        context.err(`if it is one of the workspace's secret files: lotse secrets sign ${file}\n`);
      }
    });
}

function toolsOf(context: Context): FileTools {
  return { variables: context.variables, exec: systemExec, clock: systemClock };
}

/** The workspace around the directory; null where there is none. */
export function sessionAround(context: Context, options: CommonOptions): Session | null {
  try {
    return sessionOf(context, options);
  } catch (error) {
    if (error instanceof LotseError && error.code === "workspace.not-found") return null;
    throw error;
  }
}

/** In a workspace, what is done to a file goes into its log; elsewhere there is no log. */
async function recordFile(
  context: Context,
  options: CommonOptions,
  action: string,
  file: string,
): Promise<void> {
  const session = sessionAround(context, options);
  if (session === null) return;
  await session.recorder.read({ action, object: inWorkspace(context, session, file, options) });
}

async function put(context: Context, options: FileOptions, path: string, content: Uint8Array): Promise<void> {
  if (options.inPlace === true) await replaceFile(path, content);
  else if (options.out === undefined) context.reveal(content);
  else {
    const out = resolve(context.cwd, options.out);
    if (existsSync(out)) {
      throw new LotseError({
        code: "usage.argument",
        message: `${options.out} is there already`,
        hint: "remove it, or name another file",
        where: { file: options.out },
      });
    }
    await writePrivateFile(out, content);
  }
}
