const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The two alphabets of RFC 4648. */
export const alphabets: readonly string[] = [standard, urlSafe];

/**
 * The characters of a base64 text that bytes decide alone, whatever stands before and after them.
 *
 * Base64 writes three bytes as four characters, so the same bytes look different at each of the three
 * offsets, and the first and last character of them may carry bits of a neighbour. Those are left out, and
 * padding never is part of the result.
 *
 * @param offset - how many bytes stand before, modulo three
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-4
 */
function base64Core(bytes: Uint8Array, offset: 0 | 1 | 2, alphabet: string): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const from = Math.ceil((8 * offset) / 6);
  const to = Math.floor((8 * (offset + bytes.length)) / 6);
  return inAlphabet(encoded.slice(from, to), alphabet);
}

/** The whole of a base64 text with its padding. */
export function base64Whole(bytes: Uint8Array, alphabet: string): string {
  return inAlphabet(Buffer.from(bytes).toString("base64"), alphabet);
}

/** All cores of bytes: three offsets in each alphabet. */
export function base64Cores(bytes: Uint8Array): readonly string[] {
  return alphabets.flatMap((alphabet) =>
    ([0, 1, 2] as const).map((offset) => base64Core(bytes, offset, alphabet)),
  );
}

function inAlphabet(text: string, alphabet: string): string {
  return alphabet === standard ? text : text.replaceAll("+", "-").replaceAll("/", "_");
}
