import { isUtf8 } from "node:buffer";
import { LotseError, type Files } from "../../kernel/index.ts";
import { TextSource } from "../model/source.ts";
import type { Limits } from "./limits.ts";

/**
 * Reads a file as text. One beyond the limit is not read at all.
 *
 * @returns `undefined` where there is no such file
 * @throws LotseError `file.*`
 */
export function readText(path: string, files: Files, limits: Limits): string | undefined {
  const size = files.size(path);
  if (size !== undefined && size > limits.maxFileBytes) throw tooLarge(path, size, limits);
  const bytes = files.read(path);
  return bytes === undefined ? undefined : decodeText(bytes, path, limits);
}

/**
 * Turns a file's bytes into text. A byte order mark is dropped.
 *
 * @throws LotseError `file.too-large` beyond the limit, `file.encoding` with the place of the first byte that
 * is not UTF-8
 */
export function decodeText(bytes: Uint8Array, file: string, limits: Limits): string {
  if (bytes.length > limits.maxFileBytes) throw tooLarge(file, bytes.length, limits);
  if (!isUtf8(bytes)) throw notUtf8(bytes, file);
  return textOf(bytes);
}

/** The text of valid UTF-8 without its byte order mark. */
function textOf(bytes: Uint8Array): string {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start).toString("utf8");
}

function tooLarge(file: string, size: number, limits: Limits): LotseError {
  return new LotseError({
    code: "file.too-large",
    message: `the file has ${size.toLocaleString("en")} bytes; at most ${limits.maxFileBytes.toLocaleString("en")} are read`,
    hint: "split the file, or raise limits.max-file-bytes in lotse.yml",
    where: { file, line: 1, column: 1 },
  });
}

function notUtf8(bytes: Uint8Array, file: string): LotseError {
  const at = firstBadByte(bytes);
  const before = textOf(bytes.subarray(0, at));
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new LotseError({
    code: "file.encoding",
    message: utf16 ? "the file is UTF-16, not UTF-8" : `byte ${at + 1} of the file is not valid UTF-8`,
    hint: "save the file as UTF-8",
    where: new TextSource(file, before).where(before.length),
  });
}

/** Halves the range in which validity is lost: a prefix is valid as long as it ends before the bad byte. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (validPrefix(bytes, middle)) good = middle;
    else bad = middle;
  }
  for (let end = Math.min(good + 1, bytes.length); end > 0; end--) {
    if (isUtf8(bytes.subarray(0, end))) return end;
  }
  return 0;
}

/** Whether a prefix is valid but for a character cut off at its end. */
function validPrefix(bytes: Uint8Array, end: number): boolean {
  for (let back = 0; back < 4 && back <= end; back++) {
    if (isUtf8(bytes.subarray(0, end - back))) return true;
  }
  return false;
}
