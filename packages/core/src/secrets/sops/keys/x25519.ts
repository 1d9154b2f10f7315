import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";

/** X25519 on raw bytes (RFC 7748), and the way from Ed25519 keys to it. */

const privatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicPrefix = Buffer.from("302a300506032b656e032100", "hex");
const prime = 2n ** 255n - 19n;

/** The base point. */
export const basePoint = Buffer.concat([Buffer.from([9]), Buffer.alloc(31)]);

/**
 * Multiplies a point with a scalar, both 32 bytes.
 *
 * @returns `undefined` where the result would be zero, which only a hostile point gives
 */
export function x25519(scalar: Uint8Array, point: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey: privateKey(scalar), publicKey: publicKey(point) });
  } catch {
    return undefined;
  }
}

function privateKey(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([privatePrefix, scalar]), format: "der", type: "pkcs8" });
}

function publicKey(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicPrefix, point]), format: "der", type: "spki" });
}

/**
 * The X25519 form of an Ed25519 public key: `u = (1 + y) / (1 - y)` (RFC 7748, section 4.1).
 *
 * @returns `undefined` for the key that has none
 */
export function montgomeryOf(edwards: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(edwards);
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.reverse().toString("hex")}`);
  if (y >= prime || y === 1n) return undefined;
  const u = ((1n + y) * inverse((((1n - y) % prime) + prime) % prime)) % prime;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}

/** The inverse by Fermat's little theorem; the key is public, so the time may tell. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let power = value;
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * power) % prime;
    power = (power * power) % prime;
  }
  return result;
}
