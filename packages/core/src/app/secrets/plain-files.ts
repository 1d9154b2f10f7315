import { existsSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join, relative, resolve, sep } from "node:path";
import { LotseError, readPrivateFile, Sensitive, type Clock, type Exec } from "../../kernel/index.ts";
import {
  creationRuleFor,
  decryptSops,
  encryptSops,
  formatOfFile,
  identitiesFromEnvironment,
  openSops,
  type KeyOpener,
  type SopsFormat,
} from "../../secrets/sops/index.ts";
import type { NewFileRule } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { creationRuleOf, rulesFile } from "./rules.ts";

/** What single files are encrypted and decrypted with, also outside a workspace. */
export interface FileTools {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly exec: Exec;
  readonly clock: Clock;
}

const maxFileBytes = 16 * 1024 * 1024;

/**
 * Decrypts any sops file.
 *
 * @param path - absolute
 * @param format - @defaultValue by the file's name
 * @throws LotseError `file.not-found`, `secret.format`, `secret.no-key`, `secret.mac`, …
 */
export async function decryptFile(
  tools: FileTools,
  path: string,
  format: SopsFormat = formatOfFile(path),
): Promise<Sensitive<Uint8Array>> {
  const bytes = await readWhole(path);
  const document = await openSops({ bytes, format, file: path, identities: await identitiesOf(tools) });
  return new Sensitive<Uint8Array>(decryptSops(document));
}

/**
 * Encrypts a plain file for the given recipients, or for those that the nearest `.sops.yaml` above it names.
 *
 * @param path - absolute
 * @param session - the workspace that the file is in, whose rules must be those that were signed
 * @returns the sops file
 * @throws LotseError `file.not-found`, `secret.already-encrypted`, `secret.rules`, `secret.recipient`, …;
 * `secret.manifest`, `secret.signature` for rules that nobody has signed
 */
export async function encryptFile(
  tools: FileTools,
  path: string,
  recipients: readonly string[],
  format: SopsFormat = formatOfFile(path),
  session: Session | null = null,
): Promise<Uint8Array> {
  const bytes = await readWhole(path);
  const rule: NewFileRule =
    recipients.length > 0 ? { recipients: { recipients } } : await nearestRule(path, session);
  return await encryptSops({
    bytes,
    format,
    file: path,
    ...rule,
    clock: () => tools.clock.now(),
    randomBytes,
  });
}

/** The private keys of whoever runs this. @throws LotseError `secret.identity` */
export function identitiesOf({ variables, exec }: FileTools): Promise<readonly KeyOpener[]> {
  return identitiesFromEnvironment(variables, exec, variables["HOME"] ?? "");
}

/** The rule for a file in the nearest `.sops.yaml`, as sops finds it. @throws LotseError `secret.rules` */
async function nearestRule(path: string, session: Session | null): Promise<NewFileRule> {
  for (let directory = dirname(resolve(path)); ; directory = dirname(directory)) {
    const file = join(directory, rulesFile);
    if (existsSync(file)) {
      if (session !== null && file === join(session.directory, rulesFile)) {
        return await creationRuleOf(session, relative(directory, path).split(sep).join("/"));
      }
      const text = (await readWhole(file)).toString("utf8");
      const rule = creationRuleFor(text, relative(directory, path).split(sep).join("/"));
      if (rule !== null) return rule;
      throw new LotseError({
        code: "secret.rules",
        message: `${file} has no rule for ${path}`,
        hint: "add a creation rule whose path_regex fits it, or name recipients with --age",
        where: { file },
      });
    }
    if (directory === dirname(directory)) break;
  }
  throw new LotseError({
    code: "secret.rules",
    message: `there is no ${rulesFile} in the directory of ${path} or above`,
    hint: "name recipients with --age, or run lotse secrets init in a workspace",
  });
}

/** Reads a file that must be there. @throws LotseError `file.not-found`, `file.too-large` */
export async function readWhole(path: string): Promise<Buffer> {
  const content = await readPrivateFile(path, maxFileBytes);
  if (content !== null) return content;
  throw new LotseError({
    code: "file.not-found",
    message: `${path} does not exist`,
    hint: "name a file that is there",
    where: { file: path },
  });
}
