import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, LotseError, Sensitive, splitCommand, type Exec } from "../../../kernel/index.ts";
import { ageOpener, sshOpener } from "./age.ts";
import { pgpOpener } from "./pgp.ts";
import type { KeyOpener } from "./port.ts";
import { isPrivateKeyPem } from "./ssh-key.ts";

/** The environment, as far as it is handed in. */
export type Variables = Readonly<Record<string, string | undefined>>;

const maxKeyFileBytes = 1024 * 1024;
const maxIdentities = 1000;

/**
 * Finds private keys where sops looks for them: `SOPS_AGE_SSH_PRIVATE_KEY_FILE` and `…_CMD`, `~/.ssh/id_ed25519`
 * and `~/.ssh/id_rsa`, `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, and `sops/age/keys.txt` in the
 * configuration directory; beside them `LOTSE_PGP_KEY_FILE`, an armored PGP private key.
 *
 * What a variable names must be readable. A key in a usual place that is not usable, such as an SSH key with a
 * passphrase, is left out.
 *
 * @param exec - runs the `…_CMD` variables, split into arguments, without a shell
 * @throws LotseError `secret.identity`
 */
export async function identitiesFromEnvironment(
  variables: Variables,
  exec: Exec,
  home: string,
): Promise<readonly KeyOpener[]> {
  const found: KeyOpener[] = [];
  for (const read of [fromText, fromFiles, fromCommands]) found.push(...(await read(variables, exec)));
  const config = variables["XDG_CONFIG_HOME"] ?? "";
  const keys = join(config === "" ? join(home, ".config") : config, "sops", "age", "keys.txt");
  for (const path of [keys, join(home, ".ssh", "id_ed25519"), join(home, ".ssh", "id_rsa")]) {
    if (home !== "" || path === keys) found.push(...(await usualPlace(path, path === keys)));
  }
  return found;
}

async function fromText(variables: Variables): Promise<readonly KeyOpener[]> {
  const text = variables["SOPS_AGE_KEY"] ?? "";
  return text === "" ? [] : parseIdentities(new Sensitive(text), "SOPS_AGE_KEY");
}

async function fromFiles(variables: Variables): Promise<readonly KeyOpener[]> {
  const found: KeyOpener[] = [];
  for (const name of ["SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "LOTSE_PGP_KEY_FILE"]) {
    const path = variables[name] ?? "";
    if (path === "") continue;
    const text = await readKeyFile(path);
    if (text === undefined) throw missing(name, path);
    found.push(...(await parseIdentities(text, `${name} (${path})`)));
  }
  return found;
}

async function fromCommands(variables: Variables, exec: Exec): Promise<readonly KeyOpener[]> {
  const found: KeyOpener[] = [];
  for (const name of ["SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"]) {
    const command = variables[name] ?? "";
    if (command.trim() === "") continue;
    const [program, ...args] = splitCommand(command, name, "secret.identity");
    const result = await exec(program, args, { timeoutMs: 60_000, maxOutputBytes: maxKeyFileBytes });
    if (result.status !== 0) {
      throw new LotseError({
        code: "secret.identity",
        message: `the command in ${name} ended with status ${result.status}`,
        hint: "run it by itself; it has to print the private key",
      });
    }
    found.push(...(await parseIdentities(new Sensitive(result.stdout), name)));
  }
  return found;
}

async function usualPlace(path: string, mustParse: boolean): Promise<readonly KeyOpener[]> {
  try {
    const text = await readKeyFile(path);
    return text === undefined ? [] : await parseIdentities(text, path);
  } catch (error) {
    if (mustParse || !(error instanceof LotseError)) throw error;
    return [];
  }
}

/**
 * Reads private keys: lines of age keys with comments, one SSH private key, or one armored PGP private key.
 *
 * @param name - where they come from, for messages
 * @throws LotseError `secret.identity` where a line is none of them, or a key is protected by a passphrase
 */
export async function parseIdentities(text: Sensitive<string>, name: string): Promise<readonly KeyOpener[]> {
  const content = text.reveal();
  if (isPrivateKeyPem(content) || content.includes("ENCRYPTED PRIVATE KEY-----"))
    return [sshOpener(text, name)];
  if (content.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----")) return [await pgpOpener(text, name)];
  if (content.includes("-----BEGIN AGE ENCRYPTED FILE-----") || content.startsWith("age-encryption.org/")) {
    throw new LotseError({
      code: "secret.identity",
      message: `the keys in ${name} are protected by a passphrase`,
      hint: "decrypt the file with age -d and hand the result in by SOPS_AGE_KEY_CMD",
    });
  }
  const lines = content.split(/\r?\n/u).map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > maxIdentities) {
    throw new LotseError({
      code: "secret.identity",
      message: `${name} has more than ${maxIdentities} keys`,
      hint: "keep the keys that are in use",
    });
  }
  const found: KeyOpener[] = [];
  for (const key of keys) found.push(await ageOpener(new Sensitive(key), name));
  return found;
}

async function readKeyFile(path: string): Promise<Sensitive<string> | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length <= maxKeyFileBytes) return new Sensitive(bytes.toString("utf8"));
  } catch (cause) {
    if (isSystemError(cause, "ENOENT") || isSystemError(cause, "ENOTDIR")) return undefined;
    throw new LotseError({
      code: "secret.identity",
      message: `the file ${path} cannot be read`,
      hint: "check its permissions",
      cause,
    });
  }
  throw new LotseError({
    code: "secret.identity",
    message: `the file ${path} is too large for private keys`,
    hint: "name the file with the key",
  });
}

function missing(name: string, path: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `${name} names ${path}, and there is no such file`,
    hint: "age-keygen -o FILE makes a key",
  });
}
