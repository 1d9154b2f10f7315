import { open, type FileHandle } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";
import { sourceError } from "./inventory/error.ts";

/** A file in a ZIP archive. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
}

const endBytes = 22;
const maxCommentBytes = 65_535;
const maxDirectoryBytes = 512 * 1024 * 1024;
const maxEntries = 2_000_000;

/**
 * Reads the files of a ZIP archive whose names fit, one after the other, as `all.zip` of an OSV mirror has
 * them: stored or deflated, in one part, not encrypted, also in the ZIP64 form.
 *
 * @param maxEntryBytes - what one file may become at most
 * @throws LotseError `vulnerability.source` for what is no such archive, or is damaged
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function* readZip(
  path: string,
  wanted: RegExp,
  maxEntryBytes: number,
): AsyncGenerator<ZipEntry> {
  const file = await open(path, "r");
  try {
    for (const entry of await directoryOf(file, path)) {
      if (!wanted.test(entry.name)) continue;
      yield { name: entry.name, content: await contentOf(file, path, entry, maxEntryBytes) };
    }
  } finally {
    await file.close();
  }
}

interface Listed {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

async function directoryOf(file: FileHandle, path: string): Promise<readonly Listed[]> {
  const { size } = await file.stat();
  const tail = await readAt(file, path, Math.max(0, size - endBytes - maxCommentBytes), size);
  const end = tail.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  if (end < 0 || end + endBytes > tail.length) throw sourceError(path, "is no ZIP archive");
  const short = {
    count: tail.readUInt16LE(end + 10),
    bytes: tail.readUInt32LE(end + 12),
    start: tail.readUInt32LE(end + 16),
  };
  const { count, bytes, start } = (await largeEnd(file, path, tail, end)) ?? short;
  if (count > maxEntries || bytes > maxDirectoryBytes || start + bytes > size)
    throw sourceError(path, "is damaged: its directory is too large, or not in it");
  const directory = await readAt(file, path, start, start + bytes);
  const found: Listed[] = [];
  for (let at = 0; found.length < count;) {
    const { entry, next } = listedAt(directory, at, path);
    found.push(entry);
    at = next;
  }
  return found;
}

/** What the ZIP64 form says of the directory; null where the archive has none. */
async function largeEnd(
  file: FileHandle,
  path: string,
  tail: Buffer,
  end: number,
): Promise<{ count: number; bytes: number; start: number } | null> {
  const locator = end - 20;
  if (locator < 0 || tail.toString("latin1", locator, locator + 4) !== "PK\u0006\u0007") return null;
  const at = Number(tail.readBigUInt64LE(locator + 8));
  const record = await readAt(file, path, at, at + 56);
  if (record.toString("latin1", 0, 4) !== "PK\u0006\u0006") throw sourceError(path, "is damaged");
  return {
    count: Number(record.readBigUInt64LE(32)),
    bytes: Number(record.readBigUInt64LE(40)),
    start: Number(record.readBigUInt64LE(48)),
  };
}

function listedAt(directory: Buffer, at: number, path: string): { entry: Listed; next: number } {
  if (at + 46 > directory.length || directory.toString("latin1", at, at + 4) !== "PK\u0001\u0002")
    throw sourceError(path, "is damaged: its directory ends early");
  const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const large = largeSizes(directory.subarray(nameEnd, extraEnd));
  const value = (where: number): number => {
    const short = directory.readUInt32LE(at + where);
    return short === 0xff_ff_ff_ff ? (large.shift() ?? short) : short;
  };
  // In this order, as the ZIP64 field has them.
  const bytes = value(24);
  const packedBytes = value(20);
  const offset = value(42);
  return {
    entry: {
      name: directory.toString("utf8", at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      packedBytes,
      bytes,
      offset,
    },
    next: extraEnd + directory.readUInt16LE(at + 32),
  };
}

/** The 64-bit sizes of an entry, which stand in its extra field of the kind 1. */
function largeSizes(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + length);
    if (extra.readUInt16LE(at) === 1)
      return Array.from({ length: Math.floor(field.length / 8) }, (_, index) =>
        Number(field.readBigUInt64LE(index * 8)),
      );
    at += 4 + length;
  }
  return [];
}

async function contentOf(
  file: FileHandle,
  path: string,
  { name, method, encrypted, packedBytes, bytes, offset }: Listed,
  maxBytes: number,
): Promise<Buffer> {
  const damaged = (what: string, cause?: unknown): Error => sourceError(`${path}/${name}`, what, cause);
  if (encrypted || (method !== 0 && method !== 8)) throw damaged("is encrypted, or packed in an unknown way");
  if (bytes > maxBytes || packedBytes > maxBytes) throw damaged(`is larger than ${maxBytes} bytes`);
  const head = await readAt(file, path, offset, offset + 30);
  if (head.toString("latin1", 0, 4) !== "PK\u0003\u0004") throw damaged("is damaged");
  const start = offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const packed = await readAt(file, path, start, start + packedBytes);
  let content: Buffer;
  try {
    content = method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    throw damaged("is damaged", error);
  }
  if (content.length !== bytes) throw damaged("is damaged: it has another length than the directory says");
  return content;
}

async function readAt(file: FileHandle, path: string, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, end - start));
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, start + done);
    if (bytesRead === 0) throw sourceError(path, "is damaged: it ends early");
    done += bytesRead;
  }
  return buffer;
}
