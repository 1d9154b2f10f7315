import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { makeLotseDirectory, readPrivateFile, Sensitive, writePrivateFile } from "../../kernel/index.ts";

/** Makes keyed hashes of secret values: equal values give equal fingerprints, and nobody can guess from one. */
export interface Fingerprints {
  readonly of: (value: Sensitive<string>) => string;
  /** The key itself, for the index of known values. */
  readonly key: Sensitive<Uint8Array>;
}

const keyBytes = 32;

/**
 * The fingerprints of a workspace: HMAC-SHA-256 with a key of this working copy, of which 24 hexadecimal
 * digits are kept.
 *
 * @param state - the absolute path of `.lotse`
 */
export async function openFingerprints(state: string): Promise<Fingerprints> {
  const path = join(state, "secrets", "fingerprint.key");
  await makeLotseDirectory(state);
  const known = await readPrivateFile(path, 1024);
  const key = known?.length === keyBytes ? known : randomBytes(keyBytes);
  if (key !== known) await writePrivateFile(path, key);
  return {
    of: (value) =>
      value.map((text) => createHmac("sha256", key).update(text).digest("hex").slice(0, 24)).reveal(),
    key: new Sensitive<Uint8Array>(key),
  };
}
