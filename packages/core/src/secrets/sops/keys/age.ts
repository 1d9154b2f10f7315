import type { Decrypter, Encrypter, Identity } from "age-encryption";
import { isLotseError, LotseError, type Sensitive } from "../../../kernel/index.ts";
import type { KeyEntry } from "../metadata.ts";
import { sshIdentity, sshRecipient } from "./age-ssh.ts";
import type { KeyOpener, KeyWrapper } from "./port.ts";
import { isSshRecipient, parseSshPrivateKey, parseSshPublicKey } from "./ssh-key.ts";

/** age as sops uses it: each recipient has an armored file of its own that holds the data key. */

// Its ciphers take a tenth of a second to load, so they are loaded when something is to be opened or wrapped.
const loadAge = () => import("age-encryption");

const maxArmorLength = 16_384;

/**
 * Wraps data keys for age recipients (`age1…`, also post-quantum ones) and SSH keys (`ssh-ed25519 …`,
 * `ssh-rsa …`).
 *
 * @param randomBytes - for SSH recipients; age itself takes its randomness from the platform
 */
export function ageWrapper(randomBytes: (size: number) => Uint8Array): KeyWrapper {
  return {
    kind: "age",
    async wrap(recipient, key) {
      const { armor, Encrypter } = await loadAge();
      const encrypter = new Encrypter();
      if (isSshRecipient(recipient))
        encrypter.addRecipient(sshRecipient(parseSshPublicKey(recipient), randomBytes));
      else if (recipient.startsWith("age1")) addNative(encrypter, recipient);
      else return null;
      const enc = withFinalBreak(armor.encode(await encrypter.encrypt(key)));
      return ageEntry(recipient, enc);
    },
  };
}

function addNative(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new LotseError({
      code: "secret.recipient",
      message: `${JSON.stringify(recipient.slice(0, 80))} is not an age recipient`,
      hint: "age-keygen -y KEYFILE prints the recipient of a key",
      cause,
    });
  }
}

function ageEntry(recipient: string, enc: string): KeyEntry {
  return {
    kind: "age",
    id: recipient,
    enc,
    fields: new Map([
      ["recipient", recipient],
      ["enc", enc],
    ]),
  };
}

function withFinalBreak(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

/**
 * Checks a recipient without wrapping anything.
 *
 * @throws LotseError `secret.recipient` where it is not one that {@link ageWrapper} takes
 */
export async function checkAgeRecipient(recipient: string): Promise<void> {
  if (isSshRecipient(recipient)) parseSshPublicKey(recipient);
  else addNative(new (await loadAge()).Encrypter(), recipient);
}

/**
 * Opens what is wrapped for one age private key.
 *
 * @param secret - `AGE-SECRET-KEY-1…`
 * @throws LotseError `secret.identity` where it is not a key
 */
export async function ageOpener(secret: Sensitive<string>, name: string): Promise<KeyOpener> {
  const { Decrypter, identityToRecipient } = await loadAge();
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(secret.reveal());
    return opener(name, await identityToRecipient(secret.reveal()), () => Promise.resolve(decrypter));
  } catch {
    // The cause is left out: it may quote the key.
    throw new LotseError({
      code: "secret.identity",
      message: `a private key in ${name} is not an age key`,
      hint: "a line with an age key starts with AGE-SECRET-KEY-1; lines with # are comments",
    });
  }
}

/**
 * Opens what is wrapped for one SSH private key without a passphrase.
 *
 * @throws LotseError `secret.identity`; see {@link parseSshPrivateKey}
 */
export function sshOpener(pem: Sensitive<string>, name: string): KeyOpener {
  const key = parseSshPrivateKey(pem.reveal(), name);
  return opener(name, `${key.type} ${key.wire.toString("base64")}`, async () => {
    const { Decrypter } = await loadAge();
    const decrypter = new Decrypter();
    decrypter.addIdentity(sshIdentity(key) satisfies Identity);
    return decrypter;
  });
}

function opener(name: string, recipient: string, decrypter: () => Promise<Decrypter>): KeyOpener {
  return {
    name,
    recipient,
    async open(entry) {
      if (entry.kind !== "age" || !isSameRecipient(entry.id, recipient)) return null;
      try {
        if (entry.enc.length > maxArmorLength) throw new Error("too long");
        const { armor } = await loadAge();
        return await (await decrypter()).decrypt(armor.decode(entry.enc));
      } catch (cause) {
        if (isLotseError(cause)) throw cause;
        throw new LotseError({
          code: "secret.identity",
          message: `the data key that is wrapped for ${recipient} is broken`,
          hint: "take the version of the file before from git",
          cause,
        });
      }
    },
  };
}

/** Whether two recipients are the same key; the comment behind an SSH key is not part of it. */
export function isSameRecipient(left: string, right: string): boolean {
  return normalRecipient(left) === normalRecipient(right);
}

/** A recipient without the comment behind an SSH key. */
export function normalRecipient(recipient: string): string {
  const text = recipient.trim();
  return isSshRecipient(text) ? text.split(/\s+/u).slice(0, 2).join(" ") : text;
}
