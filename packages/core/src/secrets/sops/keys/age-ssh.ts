import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  privateDecrypt,
  publicEncrypt,
} from "node:crypto";
import type { Identity, Recipient, Stanza } from "age-encryption";
import { LotseError } from "../../../kernel/index.ts";
import type { SshPrivateKey, SshPublicKey } from "./ssh-key.ts";
import { basePoint, montgomeryOf, x25519 } from "./x25519.ts";

/** SSH keys as age recipients and identities (https://github.com/C2SP/C2SP/blob/main/age.md#ssh-recipient-types). */

const ed25519Label = "age-encryption.org/v1/ssh-ed25519";
const rsaLabel = "age-encryption.org/v1/ssh-rsa";
const fileKeyBytes = 16;
const tagBytes = 16;
const zeroNonce = Buffer.alloc(12);

/** What a stanza is made of. */
interface StanzaParts {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** @param randomBytes - where ephemeral keys come from */
export function sshRecipient(key: SshPublicKey, randomBytes: (size: number) => Uint8Array): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const { args, body } =
        key.type === "ssh-rsa" ? wrapRsa(key, fileKey) : wrapEd25519(key, fileKey, randomBytes(32));
      const age = await import("age-encryption");
      return [new age.Stanza([...args], body)];
    },
  };
}

/** An identity that finds its stanza by the tag of its public key. */
export function sshIdentity(key: SshPrivateKey): Identity {
  const tag = tagOf(key.wire);
  return {
    unwrapFileKey(stanzas) {
      for (const stanza of stanzas) {
        const [type, ownTag] = stanza.args;
        if (type !== key.type || ownTag !== tag) continue;
        return key.type === "ssh-rsa" ? unwrapRsa(key, stanza) : unwrapEd25519(key, stanza);
      }
      return null;
    },
  };
}

function tagOf(wire: Buffer): string {
  return noPadding(createHash("sha256").update(wire).digest().subarray(0, 4));
}

function noPadding(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/u, "");
}

function wrapRsa(key: Extract<SshPublicKey, { type: "ssh-rsa" }>, fileKey: Uint8Array): StanzaParts {
  const body = publicEncrypt({ key: key.key, ...oaep() }, fileKey);
  return { args: ["ssh-rsa", tagOf(key.wire)], body };
}

function unwrapRsa(key: Extract<SshPrivateKey, { type: "ssh-rsa" }>, stanza: Stanza): Uint8Array {
  try {
    const fileKey = privateDecrypt({ key: key.key, ...oaep() }, stanza.body);
    if (fileKey.length === fileKeyBytes) return fileKey;
  } catch {
    // A failed decryption is told below, without its reason.
  }
  throw brokenStanza();
}

function oaep(): { padding: number; oaepHash: string; oaepLabel: Buffer } {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256", oaepLabel: Buffer.from(rsaLabel) };
}

type Ed25519Public = Extract<SshPublicKey, { type: "ssh-ed25519" }>;
type Ed25519Private = Extract<SshPrivateKey, { type: "ssh-ed25519" }>;

function wrapEd25519(key: Ed25519Public, fileKey: Uint8Array, ephemeral: Uint8Array): StanzaParts {
  const point = montgomeryOf(key.point);
  const share = x25519(ephemeral, basePoint);
  const shared = point === undefined ? undefined : x25519(ephemeral, point);
  const wrapKey = shared === undefined ? undefined : wrapKeyOf(shared, key.wire, share, point);
  if (wrapKey === undefined || share === undefined) {
    throw new LotseError({
      code: "secret.recipient",
      message: "an SSH public key is not a point that can be encrypted to",
      hint: "make a new key with ssh-keygen -t ed25519",
    });
  }
  const cipher = createCipheriv("chacha20-poly1305", wrapKey, zeroNonce, { authTagLength: tagBytes });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { args: ["ssh-ed25519", tagOf(key.wire), noPadding(share)], body };
}

function unwrapEd25519(key: Ed25519Private, stanza: Stanza): Uint8Array {
  const share = Buffer.from(stanza.args[2] ?? "", "base64");
  const isWhole = stanza.args.length === 3 && share.length === 32 && noPadding(share) === stanza.args[2];
  const scalar = createHash("sha512").update(key.seed).digest().subarray(0, 32);
  const shared = isWhole ? x25519(scalar, share) : undefined;
  const wrapKey =
    shared === undefined ? undefined : wrapKeyOf(shared, key.wire, share, x25519(scalar, basePoint));
  if (wrapKey === undefined || stanza.body.length !== fileKeyBytes + tagBytes) throw brokenStanza();
  const decipher = createDecipheriv("chacha20-poly1305", wrapKey, zeroNonce, { authTagLength: tagBytes });
  decipher.setAuthTag(stanza.body.subarray(fileKeyBytes));
  const fileKey = decipher.update(stanza.body.subarray(0, fileKeyBytes));
  try {
    decipher.final();
  } catch {
    throw brokenStanza();
  }
  return fileKey;
}

function wrapKeyOf(
  shared: Buffer,
  wire: Buffer,
  share: Buffer | undefined,
  point: Buffer | undefined,
): Uint8Array | undefined {
  if (share === undefined || point === undefined) return undefined;
  const tweak = new Uint8Array(hkdfSync("sha256", Buffer.alloc(0), wire, ed25519Label, 32));
  const tweaked = x25519(tweak, shared);
  if (tweaked === undefined) return undefined;
  return new Uint8Array(hkdfSync("sha256", tweaked, Buffer.concat([share, point]), ed25519Label, 32));
}

function brokenStanza(): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: "a data key is wrapped for this SSH key, but the wrapping is broken",
    hint: "take the version of the file before from git",
  });
}
