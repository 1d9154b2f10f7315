import { randomBytes } from "node:crypto";
import { link, rm, stat } from "node:fs/promises";
import {
  isSystemError,
  LotseError,
  readPrivateFile,
  Sensitive,
  writePrivateFile,
} from "../../kernel/index.ts";
import { formatSignerKey, parseSignerKey, signerFrom, type SignatureType, type Signer } from "./key.ts";

/**
 * Reads a signing key, or makes one at its first use. Of several processes that make it at once, one wins and
 * all use that one.
 *
 * @param path - the file; it is made with mode 0600
 * @param name - what a new key signs under
 * @throws LotseError `audit.checkpoint` when the file is no key, `audit.unavailable` when others may read it
 */
export async function keyFromFile(path: string, name: string, type: SignatureType = "note"): Promise<Signer> {
  const present = await readKeyFile(path);
  if (present !== null) return present;
  const seed = new Sensitive<Uint8Array>(randomBytes(32));
  const made = `${formatSignerKey(signerFrom(name, seed, type), seed)}\n`;
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  await writePrivateFile(temporary, made);
  try {
    await link(temporary, path);
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return (await readKeyFile(path)) as Signer;
}

/**
 * Reads a signing key.
 *
 * @returns null where there is none
 * @throws LotseError as {@link keyFromFile}
 */
export async function readKeyFile(path: string): Promise<Signer | null> {
  const content = await readPrivateFile(path, 4096);
  if (content === null) return null;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new LotseError({
      code: "audit.unavailable",
      message: `other users may read the signing key ${path}`,
      hint: `chmod 600 ${path}, and consider whether somebody has copied it`,
      where: { file: path },
    });
  }
  return parseSignerKey(new Sensitive(content.toString("utf8").trimEnd()));
}
