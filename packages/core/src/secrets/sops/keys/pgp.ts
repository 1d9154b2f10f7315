import type { PrivateKey } from "openpgp";
import { LotseError, type Sensitive } from "../../../kernel/index.ts";
import type { KeyOpener } from "./port.ts";

/**
 * Opens what is wrapped for a PGP private key without a passphrase. Reading only: sops writes PGP through gpg.
 * The library is loaded when it is needed first.
 *
 * @param armored - `-----BEGIN PGP PRIVATE KEY BLOCK-----…`
 * @throws LotseError `secret.identity` where it is no key, or protected
 */
export async function pgpOpener(armored: Sensitive<string>, name: string): Promise<KeyOpener> {
  const openpgp = await import("openpgp");
  const keys = await readKeys(armored, name);
  const fingerprints = new Set(
    keys.flatMap((key) => [key, ...key.subkeys].map((part) => part.getFingerprint().toUpperCase())),
  );
  const isOwn = (id: string): boolean => {
    const wanted = id.replaceAll(" ", "").toUpperCase();
    return wanted.length >= 16 && [...fingerprints].some((fingerprint) => fingerprint.endsWith(wanted));
  };
  return {
    name,
    async open(entry) {
      if (entry.kind !== "pgp" || !isOwn(entry.id)) return null;
      try {
        const message = await openpgp.readMessage({ armoredMessage: entry.enc });
        const { data } = await openpgp.decrypt({ message, decryptionKeys: [...keys], format: "binary" });
        return data;
      } catch (cause) {
        throw new LotseError({
          code: "secret.identity",
          message: `the data key that is wrapped for the PGP key ${entry.id} cannot be opened`,
          hint: "take the version of the file before from git",
          cause,
        });
      }
    },
  };
}

async function readKeys(armored: Sensitive<string>, name: string): Promise<readonly PrivateKey[]> {
  const openpgp = await import("openpgp");
  const keys = await openpgp.readPrivateKeys({ armoredKeys: armored.reveal() }).catch(() => {
    // The cause is left out: it may quote the key.
    throw new LotseError({
      code: "secret.identity",
      message: `the PGP private key in ${name} cannot be read`,
      hint: "gpg --export-secret-keys --armor KEY writes one",
    });
  });
  if (keys.every((key) => key.isDecrypted())) return keys;
  throw new LotseError({
    code: "secret.identity",
    message: `the PGP private key in ${name} is protected by a passphrase`,
    hint: "use an age key; PGP is here to read what others wrote",
  });
}
