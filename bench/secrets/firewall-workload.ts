import { createHash } from "node:crypto";

/** What one process measured. */
export interface FirewallFigures {
  readonly contender: string;
  readonly text: string;
  readonly secrets: number;
  readonly patterns: number;
  readonly megabytesPerSecond: number;
  /** By the processor time of the main thread, which other programs on the machine hardly touch. */
  readonly megabytesPerCpuSecond: number;
  readonly loadMs: number;
  readonly peakMegabytes: number;
  /** The forms of a secret that came through. */
  readonly leaks: readonly string[];
}

/** Who is measured, the first being Lotse, and on how many megabytes, so that no run takes a minute. */
export const contenders: readonly { readonly name: string; readonly megabytes: number }[] = [
  { name: "lotse", megabytes: 64 },
  { name: "replaceAll, raw values only", megabytes: 4 },
  { name: "one RegExp, raw values only", megabytes: 4 },
  { name: "replaceAll, all forms", megabytes: 0.25 },
  { name: "one RegExp, all forms", megabytes: 0.25 },
];

/** The kinds of text; the last three are made to be hard. */
export const texts: readonly string[] = [
  "log",
  "base64",
  "hex",
  "beginnings of secrets",
  "escapes",
  "line breaks",
];

/** Bytes that look random and are the same in every run. */
function pseudoRandom(length: number, seed: string): Buffer {
  const blocks: Buffer[] = [];
  for (let block = 0; block * 32 < length; block++) {
    blocks.push(createHash("sha256").update(`${seed} ${block}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Secrets as they are used: hexadecimal, base64 and URL-safe, 20 to 48 characters. */
export function makeSecrets(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const bytes = pseudoRandom(16 + (index % 20), `secret ${index}`);
    return bytes.toString((["hex", "base64", "base64url"] as const)[index % 3]);
  });
}

/** A text of one kind, in which one line of some thousand holds a secret in one of its forms. */
export function makeText(kind: string, bytes: number, secrets: readonly string[]): Buffer {
  const part = Buffer.from(partOf(kind, secrets));
  return Buffer.alloc(bytes, part);
}

function partOf(kind: string, secrets: readonly string[]): string {
  switch (kind) {
    case "log":
      return Array.from({ length: 20_000 }, (_, line) => logLine(line, secrets)).join("");
    case "base64":
      return pseudoRandom(2_000_000, kind).toString("base64");
    case "hex":
      return pseudoRandom(2_000_000, kind).toString("hex");
    case "beginnings of secrets":
      return secrets.map((secret) => secret.slice(0, -1)).join(" ");
    case "escapes":
      return '\\u0061%61\\n\\"\\u00e4%C3%A4';
    case "line breaks":
      return "\n";
    default:
      throw new Error(`there is no text ${kind}`);
  }
}

function logLine(line: number, secrets: readonly string[]): string {
  const id = pseudoRandom(8, `request ${line}`).toString("hex");
  const secret = line % 5000 === 4999 ? ` token=${secrets[line % secrets.length] ?? ""}` : "";
  const second = String(line % 60).padStart(2, "0");
  return `2026-05-01T12:00:${second}.${line % 1000}Z info [api] request=${id} GET /v1/tenants/${line % 977}/playlists?limit=50&q=caf%C3%A9 status=200 ms=${line % 311}${secret} {"user":"u-${line}","agent":"Mozilla/5.0 (X11; Linux x86_64)"}\n`;
}
