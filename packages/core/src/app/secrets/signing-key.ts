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
  const known = await knownSigningKey(variables);
  if (known !== null) return known;
  const made = newSigningKey();
  await writePrivateFile(placeOf(variables), made.pem);
  return made.key;
}

/**
 * The actor's key where there is one already; see {@link signingKeyOf}.
 *
 * @returns null where it would have to be made
 * @throws LotseError `secret.identity` when it cannot be read
 */
export async function knownSigningKey(variables: Variables): Promise<SigningKey | null> {
  const pem = variables["LOTSE_SIGNING_KEY"];
  if (pem !== undefined && pem !== "") return readSigningKey(pem, "LOTSE_SIGNING_KEY");
  const named = variables["LOTSE_SIGNING_KEY_FILE"];
  const isNamed = named !== undefined && named !== "";
  const path = isNamed ? named : defaultPath(variables);
  const content = path === null ? null : await readPrivateFile(path, maxKeyBytes);
  if (path !== null && content !== null) return readSigningKey(content.toString("utf8"), path);
  if (isNamed) throw missing(`${named} does not exist`);
  return null;
}

function placeOf(variables: Variables): string {
  const path = defaultPath(variables);
  if (path !== null) return path;
  throw missing("there is no home directory to keep it in");
}

function defaultPath(variables: Variables): string | null {
  const home = variables["HOME"] ?? variables["USERPROFILE"];
  const directory = variables["XDG_CONFIG_HOME"] ?? (home === undefined ? undefined : join(home, ".config"));
  return directory === undefined || directory === "" ? null : join(directory, "lotse", "signing.key");
}

function missing(why: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `there is no key to sign with: ${why}`,
    hint: "set HOME, or LOTSE_SIGNING_KEY_FILE to an Ed25519 key in PEM form",
  });
}
