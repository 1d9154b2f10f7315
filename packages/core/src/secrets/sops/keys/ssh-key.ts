import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { LotseError } from "../../../kernel/index.ts";
import { sshInteger, SshReader, sshWire } from "./ssh-wire.ts";

/** An SSH public key, as far as age takes it for a recipient. */
export type SshPublicKey =
  | { readonly type: "ssh-ed25519"; readonly wire: Buffer; readonly point: Buffer }
  | { readonly type: "ssh-rsa"; readonly wire: Buffer; readonly key: KeyObject };

/** An SSH private key with its public one. */
export type SshPrivateKey =
  | { readonly type: "ssh-ed25519"; readonly wire: Buffer; readonly seed: Buffer }
  | { readonly type: "ssh-rsa"; readonly wire: Buffer; readonly key: KeyObject };

const magic = "openssh-key-v1\0";
const minRsaBits = 2048;

/** Whether a recipient is one of SSH by its first word. */
export function isSshRecipient(recipient: string): boolean {
  return recipient.startsWith("ssh-");
}

/**
 * Reads a public key as it stands in `id_ed25519.pub`.
 *
 * @throws LotseError `secret.recipient` where it is broken, too short or of a type that age does not take
 */
export function parseSshPublicKey(line: string): SshPublicKey {
  const [type, base64 = ""] = line.trim().split(/\s+/u);
  const wire = Buffer.from(base64, "base64");
  const reader = new SshReader(wire);
  const named = reader.text();
  if (wire.length > 0 && named === type && wire.toString("base64") === base64) {
    if (type === "ssh-ed25519") {
      const point = reader.bytes();
      if (point?.length === 32 && reader.isAtEnd) return { type, wire, point: Buffer.from(point) };
    }
    if (type === "ssh-rsa") {
      const exponent = reader.bytes();
      const modulus = reader.bytes();
      if (exponent !== undefined && modulus !== undefined && reader.isAtEnd) {
        return { type, wire, key: rsaPublicKey(modulus, exponent) };
      }
    }
  }
  throw new LotseError({
    code: "secret.recipient",
    message: "an SSH public key cannot be read, or is neither ssh-ed25519 nor ssh-rsa",
    hint: "use the line of a file such as ~/.ssh/id_ed25519.pub",
  });
}

function rsaPublicKey(modulus: Buffer, exponent: Buffer): KeyObject {
  const key = rsaKeyOf({ kty: "RSA", n: base64Url(modulus), e: base64Url(exponent) }, createPublicKey);
  if (key !== undefined && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minRsaBits) return key;
  throw new LotseError({
    code: "secret.recipient",
    message: `an RSA key is broken or has less than ${minRsaBits} bits`,
    hint: "use an ssh-ed25519 key",
  });
}

function rsaKeyOf(
  jwk: JsonWebKey,
  create: (input: { key: JsonWebKey; format: "jwk" }) => KeyObject,
): KeyObject | undefined {
  try {
    return create({ key: jwk, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** Whether a text is a private key in PEM form, as opposed to age's own. */
export function isPrivateKeyPem(text: string): boolean {
  return /^-----BEGIN (?:OPENSSH |RSA )?PRIVATE KEY-----/mu.test(text);
}

/**
 * Reads a private key without a passphrase, in OpenSSH's form
 * (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key) or as PKCS #1 or #8.
 *
 * @param name - for messages
 * @throws LotseError `secret.identity` where it is broken, protected, or neither Ed25519 nor RSA
 */
export function parseSshPrivateKey(pem: string, name: string): SshPrivateKey {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/mu.test(pem)) throw protectedKey(name);
  const armored =
    /^-----BEGIN OPENSSH PRIVATE KEY-----\s([\sA-Za-z0-9+/=]+)^-----END OPENSSH PRIVATE KEY-----/mu.exec(pem);
  if (armored === null) return fromPem(pem, name);
  const bytes = Buffer.from(armored[1] ?? "", "base64");
  if (bytes.subarray(0, magic.length).toString("latin1") !== magic) throw broken(name);
  const reader = new SshReader(bytes.subarray(magic.length));
  const cipher = reader.text();
  reader.bytes();
  reader.bytes();
  if (cipher === undefined || reader.number() !== 1) throw broken(name);
  if (cipher !== "none") throw protectedKey(name);
  reader.bytes();
  return fromBlock(reader.bytes(), name);
}

function fromBlock(block: Buffer | undefined, name: string): SshPrivateKey {
  const reader = new SshReader(block ?? Buffer.alloc(0));
  const check = reader.number();
  if (check === undefined || check !== reader.number()) throw broken(name);
  const type = reader.text();
  if (type === "ssh-ed25519") {
    const point = reader.bytes();
    const secret = reader.bytes();
    if (point?.length !== 32 || secret?.length !== 64) throw broken(name);
    return { type, wire: sshWire(type, point), seed: Buffer.from(secret.subarray(0, 32)) };
  }
  if (type !== "ssh-rsa") throw unsupported(name);
  const numbers = Array.from({ length: 6 }, () => reader.bytes());
  if (numbers.some((number) => number === undefined || number.length === 0)) throw broken(name);
  const [n, e, d, qi, p, q] = numbers as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const jwk = {
    kty: "RSA",
    n: base64Url(n),
    e: base64Url(e),
    d: base64Url(d),
    p: base64Url(p),
    q: base64Url(q),
    dp: base64Url(remainder(d, p)),
    dq: base64Url(remainder(d, q)),
    qi: base64Url(qi),
  };
  const key = rsaKeyOf(jwk, createPrivateKey);
  if (key === undefined) throw broken(name);
  return { type, wire: sshWire(type, e, n), key };
}

function fromPem(pem: string, name: string): SshPrivateKey {
  const key = pemKey(pem, name);
  const jwk = key.export({ format: "jwk" });
  if (key.asymmetricKeyType === "ed25519") {
    const point = Buffer.from(jwk.x ?? "", "base64url");
    return {
      type: "ssh-ed25519",
      wire: sshWire("ssh-ed25519", point),
      seed: Buffer.from(jwk.d ?? "", "base64url"),
    };
  }
  if (key.asymmetricKeyType !== "rsa") throw unsupported(name);
  const numbers = [jwk.e ?? "", jwk.n ?? ""].map((text) => sshInteger(Buffer.from(text, "base64url")));
  return { type: "ssh-rsa", wire: sshWire("ssh-rsa", ...numbers), key };
}

function pemKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out: it may quote the key.
    throw broken(name);
  }
}

function base64Url(integer: Uint8Array): string {
  let start = 0;
  while (start < integer.length - 1 && integer[start] === 0) start += 1;
  return Buffer.from(integer.subarray(start)).toString("base64url");
}

/** `d mod (p - 1)`, which OpenSSH's form leaves out and JWK wants. */
function remainder(d: Buffer, p: Buffer): Buffer {
  const divisor = BigInt(`0x${p.toString("hex")}`) - 1n;
  if (divisor <= 0n) return Buffer.alloc(1);
  const text = (BigInt(`0x${d.toString("hex")}`) % divisor).toString(16);
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, "hex");
}

function broken(name: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `the private key in ${name} cannot be read`,
    hint: "check that the file is whole; ssh-keygen -y -f FILE reads it",
  });
}

function protectedKey(name: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `the private key in ${name} is protected by a passphrase`,
    hint: "use an age key, or a copy without passphrase: ssh-keygen -p -N '' -f COPY",
  });
}

function unsupported(name: string): LotseError {
  return new LotseError({
    code: "secret.identity",
    message: `the private key in ${name} is neither Ed25519 nor RSA`,
    hint: "age takes these two types of SSH keys only",
  });
}
