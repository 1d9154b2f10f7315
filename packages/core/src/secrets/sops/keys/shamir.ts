import { LotseError } from "../../../kernel/index.ts";

/**
 * Shamir's secret sharing over GF(2^8) with the polynomial 0x11B, byte by byte, in the form that sops and
 * Vault write: a share is the values of all polynomials at its x, with x as the last byte
 * (https://github.com/getsops/sops/tree/main/shamir).
 */

/**
 * Multiplies in GF(2^8) without tables or branches that depend on the operands, so that the time tells nothing
 * of a secret.
 */
function multiply(left: number, right: number): number {
  let product = 0;
  let shifted = left;
  for (let bit = 0; bit < 8; bit++) {
    product ^= shifted & -((right >> bit) & 1);
    shifted = ((shifted << 1) ^ (0x11b & -(shifted >> 7))) & 0x1ff;
  }
  return product & 0xff;
}

/** The inverse, as the power 254. */
function invert(value: number): number {
  let result = 1;
  for (let step = 0; step < 254; step++) result = multiply(result, value);
  return result;
}

/**
 * Splits a secret into shares.
 *
 * @param count - how many shares, 2 to 255
 * @param threshold - how many of them it takes, 2 to `count`
 * @param randomBytes - where the coefficients and places come from
 * @throws LotseError `secret.recipient` where the numbers do not fit
 */
export function splitSecret(
  secret: Uint8Array,
  count: number,
  threshold: number,
  randomBytes: (size: number) => Uint8Array,
): readonly Uint8Array[] {
  if (count < 2 || count > 255 || threshold < 2 || threshold > count || secret.length === 0) {
    throw new LotseError({
      code: "secret.recipient",
      message: `a key cannot be split into ${count} shares of which ${threshold} are enough`,
      hint: "use 2 to 255 key groups and a threshold from 2 to their number",
    });
  }
  const places = randomPlaces(count, randomBytes);
  const shares = places.map((x) => {
    const share = new Uint8Array(secret.length + 1);
    share[secret.length] = x;
    return share;
  });
  secret.forEach((byte, at) => {
    const coefficients = [byte, ...randomBytes(threshold - 1)];
    for (const share of shares) share[at] = evaluate(coefficients, share[secret.length] ?? 0);
  });
  return shares;
}

/** Distinct places other than 0, which is where the secret is. */
function randomPlaces(count: number, randomBytes: (size: number) => Uint8Array): readonly number[] {
  const places = Array.from({ length: 255 }, (_, at) => at + 1);
  const random = randomBytes(4 * count);
  const view = new DataView(random.buffer, random.byteOffset, random.byteLength);
  for (let at = 0; at < count; at++) {
    const other = at + (view.getUint32(4 * at) % (places.length - at));
    [places[at], places[other]] = [places[other] ?? 0, places[at] ?? 0];
  }
  return places.slice(0, count);
}

function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => multiply(sum, x) ^ coefficient, 0);
}

/**
 * Puts shares together. Too few of them, or shares of different secrets, give a wrong secret and no error; only
 * what is encrypted with it tells.
 *
 * @returns `undefined` where the shares cannot belong together: fewer than two, of unequal length, or two alike
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | undefined {
  const length = shares[0]?.length ?? 0;
  if (shares.length < 2 || length < 2 || shares.some((share) => share.length !== length)) return undefined;
  const places = shares.map((share) => share[length - 1] ?? 0);
  if (new Set(places).size !== places.length || places.includes(0)) return undefined;
  const weights = places.map((own, at) =>
    places.reduce(
      (weight, other, index) =>
        index === at ? weight : multiply(weight, multiply(other, invert(own ^ other))),
      1,
    ),
  );
  const secret = new Uint8Array(length - 1);
  for (let at = 0; at < secret.length; at++) {
    secret[at] = shares.reduce((sum, share, index) => sum ^ multiply(share[at] ?? 0, weights[index] ?? 0), 0);
  }
  return secret;
}
