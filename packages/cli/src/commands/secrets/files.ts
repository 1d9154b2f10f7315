import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { Option, type Command } from "commander";
import { allSecretLayers, decryptFile, encryptFile, type FileTools, type Session } from "@lotse/core/app";
import {
  isLotseError,
  LotseError,
  replaceFile,
  systemClock,
  systemExec,
  writePrivateFile,
  type Sensitive,
} from "@lotse/core/kernel";
import type { SopsFormat } from "@lotse/core/secrets";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

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
      const plain = await decryptRecorded(context, options, path);
      // In place as well the plain text is for this user alone, whoever could read the ciphertext.
      if (options.inPlace === true) await writePrivateFile(path, plain.reveal());
      else await put(context, options, path, plain.reveal());
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
      const session = sessionOfFile(context, options, path);
      const act = async (): Promise<void> => {
        const sealed = await encryptFile(toolsOf(context), path, options.age, options.type, session);
        await put(context, options, path, sealed);
      };
      if (session === null) await act();
      else await session.recorder.change(accessTo(session, "secret.encrypt", path), act);
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

/** The workspace that a file is in, wherever the command was called; else the one around the directory. */
function sessionOfFile(context: Context, options: CommonOptions, path: string): Session | null {
  return sessionAround(context, { ...options, directory: dirname(path) }) ?? sessionAround(context, options);
}

type Access = Parameters<Session["recorder"]["read"]>[0];

/** What the log says of an access to a file as a whole. */
function accessTo(session: Session, action: string, path: string): Access {
  const object = relative(session.directory, path).split(sep).join("/");
  const layer = allSecretLayers(session).find(({ file }) => file === object);
  const { environment = null, tenant = null } = layer ?? {};
  const scope = environment === null ? undefined : { environment, ...(tenant === null ? {} : { tenant }) };
  return { action, object, ...(scope === undefined ? {} : { scope }) };
}

/** Decrypts a file; in a workspace the log knows before anybody sees it, or that it was refused. */
async function decryptRecorded(
  context: Context,
  options: FileOptions,
  path: string,
): Promise<Sensitive<Uint8Array>> {
  const session = sessionOfFile(context, options, path);
  if (session === null) return await decryptFile(toolsOf(context), path, options.type);
  const access = accessTo(session, "secret.decrypt", path);
  let plain: Sensitive<Uint8Array>;
  try {
    plain = await decryptFile(toolsOf(context), path, options.type);
  } catch (error) {
    const code = isLotseError(error) ? error.code : "internal.bug";
    await session.recorder.denied({ ...access, details: { code } });
    throw error;
  }
  await session.recorder.read(access);
  return plain;
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
