import { createHmac } from "node:crypto";
import { z } from "zod";
import type { Sensitive } from "../../kernel/index.ts";
import type { Match } from "./finding.ts";

/** How many bits of the rolling hash an index shows; so few that they tell next to nothing of a value. */
const prefixBits = 22;

/** The most bytes of a value's beginning that the rolling hash covers. */
const maxWindow = 8;

const entrySchema = z.strictObject({
  /** The secret's name, such as `spotify.api_key`. */
  name: z.string().min(1).max(512),
  form: z.enum(["raw", "base64", "base64url", "hex", "percent"]),
  /** How long the form is, in bytes. */
  length: z.int().min(3).max(4_000_000),
  /** The upper bits of the rolling hash of its first bytes. */
  prefix: z
    .int()
    .min(0)
    .lt(2 ** prefixBits),
  /** The first 16 bytes of HMAC-SHA256 of the form under the key. */
  mac: z.string().regex(/^[0-9a-f]{32}$/u),
});

/** A file that tells a scanner which values to look for, and without its key tells nobody what they are. */
export const knownIndexSchema = z.strictObject({
  version: z.literal(1),
  /** How many bytes the rolling hash covers. */
  window: z.int().min(3).max(maxWindow),
  entries: z.array(entrySchema).max(1_000_000),
});

/** See {@link knownIndexSchema}. */
export type KnownIndex = z.infer<typeof knownIndexSchema>;

/** A value to be looked for. */
export interface KnownValue {
  readonly name: string;
  readonly value: Sensitive<string>;
}

/** How {@link indexKnownValues} builds an index. */
export interface KnownOptions {
  /** Values shorter than this many bytes are left out, as they stand anywhere by chance; at least 3. @defaultValue 8 */
  readonly minimumBytes?: number;
}

/**
 * Builds the index of values: each as it is, in base64 and base64url from its own beginning, in hexadecimal,
 * and percent-encoded. A text that is not UTF-8 is no value.
 *
 * @param key - 32 random bytes; whoever has them and the index can test guesses, so they stay out of the repository
 */
export function indexKnownValues(
  key: Sensitive<Uint8Array>,
  values: readonly KnownValue[],
  options: KnownOptions = {},
): KnownIndex {
  const minimum = Math.max(3, options.minimumBytes ?? maxWindow);
  const window = Math.min(maxWindow, minimum);
  const gear = gearOf(key);
  const entries = values.flatMap(({ name, value }) =>
    formsOf(value.reveal().trim()).flatMap(([form, text]) => {
      const bytes = Buffer.from(text);
      if (bytes.length < minimum) return [];
      const prefix = bytes.subarray(0, window).reduce((hash, byte) => roll(hash, gear, byte, window), 0);
      return [{ name, form, length: bytes.length, prefix: upperBits(prefix), mac: macOf(key, bytes) }];
    }),
  );
  return { version: 1, window, entries };
}

function formsOf(value: string): readonly (readonly [KnownIndex["entries"][number]["form"], string])[] {
  const bytes = Buffer.from(value);
  const percent = value.isWellFormed() ? encodeURIComponent(value) : value;
  return [
    ["raw", value],
    ["base64", bytes.toString("base64").replace(/=+$/u, "")],
    ...(/[+/]/u.test(bytes.toString("base64")) ? [["base64url", bytes.toString("base64url")] as const] : []),
    ["hex", bytes.toString("hex")],
    ...(percent === value ? [] : [["percent", percent] as const]),
  ];
}

/** Looks for the values of an index in a text. */
export type KnownScan = (text: string) => readonly Match[];

/**
 * Prepares the search: a rolling hash with secret numbers picks out the places where a value may begin, and an
 * HMAC decides. What it costs hardly depends on how many values there are.
 */
export function searchKnownValues(key: Sensitive<Uint8Array>, index: KnownIndex): KnownScan {
  const gear = gearOf(key);
  const { window } = index;
  const bits = new Int32Array(2 ** prefixBits / 32);
  const byPrefix = new Map<number, Map<number, KnownIndex["entries"]>>();
  for (const entry of index.entries) {
    bits[entry.prefix >>> 5] = (bits[entry.prefix >>> 5] as number) | (1 << (entry.prefix & 31));
    const byLength = byPrefix.get(entry.prefix) ?? new Map<number, KnownIndex["entries"]>();
    byPrefix.set(entry.prefix, byLength);
    byLength.set(entry.length, [...(byLength.get(entry.length) ?? []), entry]);
  }
  return (text) => {
    if (index.entries.length === 0) return [];
    const bytes = Buffer.from(text);
    const found: Match[] = [];
    let hash = 0;
    for (let end = 0; end < bytes.length; end++) {
      hash = roll(hash, gear, bytes[end] as number, window);
      const prefix = upperBits(hash);
      if ((((bits[prefix >>> 5] as number) >>> (prefix & 31)) & 1) === 0 || end + 1 < window) continue;
      const start = end + 1 - window;
      for (const [length, entries] of byPrefix.get(prefix) ?? []) {
        if (start + length > bytes.length) continue;
        const mac = macOf(key, bytes.subarray(start, start + length));
        const entry = entries.find((candidate) => candidate.mac === mac);
        if (entry !== undefined) found.push(matchOf(entry, bytes, start));
      }
    }
    return found;
  };
}

function matchOf(entry: KnownIndex["entries"][number], bytes: Buffer, start: number): Match {
  const from = bytes.toString("utf8", 0, start).length;
  return {
    rule: "known-secret",
    severity: "error",
    start: from,
    end: from + bytes.toString("utf8", start, start + entry.length).length,
    message: `the secret ${entry.name} stands here${entry.form === "raw" ? "" : `, as ${entry.form}`}`,
    hint: "refer to it as ${secret:…}, and replace the secret: it has been seen",
  };
}

/** The upper bits of a rolling hash as a number from 0. */
function upperBits(hash: number): number {
  return hash >>> (32 - prefixBits);
}

/** The rolling hash of FastCDC: a byte has left it after `window` steps. */
function roll(hash: number, gear: Int32Array, byte: number, window: number): number {
  return ((hash << Math.ceil(32 / window)) + (gear[byte] as number)) | 0;
}

/** 256 secret numbers, from the key. */
function gearOf(key: Sensitive<Uint8Array>): Int32Array {
  const blocks = Array.from({ length: 32 }, (_, block) =>
    createHmac("sha256", key.reveal()).update(`lotse known secrets, gear ${block}`).digest(),
  );
  const all = Buffer.concat(blocks);
  return Int32Array.from({ length: 256 }, (_, index) => all.readInt32LE(index * 4));
}

function macOf(key: Sensitive<Uint8Array>, bytes: Uint8Array): string {
  return createHmac("sha256", key.reveal()).update(bytes).digest("hex").slice(0, 32);
}
