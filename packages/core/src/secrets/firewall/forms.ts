import { alphabets, base64Cores, base64Whole } from "./base64.ts";
import { jsonForms, percentForms, quotedForms } from "./escapes.ts";

/**
 * The shortest encoded form that is looked for, in bytes. Shorter ones, such as the two hexadecimal digits of
 * a one-letter value, stand in any text by chance. The value itself is looked for whatever its length.
 */
const minimumEncodedBytes = 4;

/** The shortest line of a value of several lines that is looked for by itself, in bytes. */
const minimumLineBytes = 8;

/**
 * The byte strings that give a value away in a log: the value itself, its base64 at all three offsets, that
 * again in base64, hexadecimal, percent-encoding, JSON, shell and markup escapes; the same for each line of
 * a value of several lines. Line breaks are left out of all of them, as the filter skips them in the text.
 */
export function formsOf(value: string): readonly Buffer[] {
  const trimmed = value.replaceAll(/^[\r\n]+|[\r\n]+$/g, "");
  const found = new Map<string, Buffer>();
  addForms(trimmed, found);
  if (/[\r\n]/.test(trimmed)) {
    addForms(trimmed.replaceAll("\r\n", "\n"), found);
    for (const line of trimmed.split(/[\r\n]+/)) addLine(line.trim(), found);
  }
  return [...found.values()];
}

function addLine(line: string, found: Map<string, Buffer>): void {
  // The first and last line of a PEM block are no secret, and help whoever reads the log.
  if (Buffer.byteLength(line) < minimumLineBytes || /^-----(BEGIN|END) /.test(line)) return;
  addForms(line, found);
}

function addForms(value: string, found: Map<string, Buffer>): void {
  const bytes = Buffer.from(value, "utf8");
  add(bytes, 1, found);
  for (const form of encodedForms(value, bytes)) {
    add(Buffer.from(form, "utf8"), minimumEncodedBytes, found);
  }
}

function add(form: Buffer, minimumBytes: number, found: Map<string, Buffer>): void {
  const joined = withoutBreaks(form);
  if (joined.length < minimumBytes) return;
  found.set(joined.toString("latin1"), joined);
}

function withoutBreaks(bytes: Buffer): Buffer {
  if (!bytes.includes(10) && !bytes.includes(13)) return bytes;
  return Buffer.from(bytes.filter((byte) => byte !== 10 && byte !== 13));
}

function encodedForms(value: string, bytes: Buffer): readonly string[] {
  const inner = base64Cores(bytes);
  const outer = inner
    .filter((core) => core.length >= minimumEncodedBytes)
    .flatMap((core) => base64Cores(Buffer.from(core)));
  // A short value has too little of a core; alone and with padding it is still recognised.
  const whole = bytes.length < 4 ? alphabets.map((alphabet) => base64Whole(bytes, alphabet)) : [];
  const hex = bytes.toString("hex");
  return [
    ...inner,
    ...inner.flatMap(escapedCore),
    ...outer,
    ...whole,
    hex,
    hex.toUpperCase(),
    ...percentForms(bytes),
    ...jsonForms(value),
    ...quotedForms(value),
  ];
}

/** Base64 in a URL's query or in JSON that escapes slashes. */
function escapedCore(core: string): readonly string[] {
  if (!/[+/]/.test(core)) return [];
  const percent = core.replaceAll("+", "%2B").replaceAll("/", "%2F");
  return [
    percent,
    percent.replaceAll(/%2[BF]/g, (escape) => escape.toLowerCase()),
    core.replaceAll("/", "\\/"),
  ];
}
