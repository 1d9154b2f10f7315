import { join } from "node:path";
import { LotseError, readPrivateFile, writePrivateFile } from "../../kernel/index.ts";
import { newSigningKey, readSigningKey, type SigningKey } from "../../secrets/manifest/index.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const maxKeyBytes = 65_536;

/**
 * The actor's key for signing manifests: the PEM in `LOTSE_SIGNING_KEY`, the file that
 * `LOTSE_SIGNING_KEY_FILE` names, or `lotse/signing.key` in the user's configuration directory, which is made
 * when it is needed first.
 *
 * @throws LotseError `secret.identity` when it cannot be read, or there is no place for a new one
 */
export async function signingKeyOf(variables: Variables): Promise<SigningKey> {
  const pem = variables["LOTSE_SIGNING_KEY"];
  if (pem !== undefined && pem !== "") return readSigningKey(pem, "LOTSE_SIGNING_KEY");
  const named = variables["LOTSE_SIGNING_KEY_FILE"];
  const path = named !== undefined && named !== "" ? named : defaultPath(variables);
  const content = await readPrivateFile(path, maxKeyBytes);
  if (content !== null) return readSigningKey(content.toString("utf8"), path);
  if (named !== undefined && named !== "") throw missing(`${named} does not exist`);
  const made = newSigningKey();
  await writePrivateFile(path, made.pem);
  return made.key;
}

function defaultPath(variables: Variables): string {
  const home = variables["HOME"] ?? variables["USERPROFILE"];
  const directory = variables["XDG_CONFIG_HOME"] ?? (home === undefined ? undefined : join(home, ".config"));
  if (directory !== undefined && directory !== "") return join(directory, "lotse", "signing.key");
  throw missing("there is no home directory to keep it in");
}

function missing(why: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `there is no key to sign with: ${why}`,
    hint: "set HOME, or LOTSE_SIGNING_KEY_FILE to an Ed25519 key in PEM form",
  });
}
