import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { isSystemError } from "../../kernel/index.ts";

const syncFile = promisify(fsync);

/** Writes all of a buffer: the system may take less at a time. */
export function writeFully(file: number, bytes: Uint8Array, position: number | null = null): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position === null ? null : position + done);
  }
}

/** What {@link appendDurably} has to know. */
export interface AppendTarget {
  readonly path: string;
  /** Where the file ends now; anything after it is cut off, as after a failed write. */
  readonly end: number;
  /** Whether to wait until the bytes are on the disk. */
  readonly sync: boolean;
}

/**
 * Appends bytes. When it fails, such as with a full disk, the file is cut back to where it ended.
 *
 * @throws the system's error
 */
export async function appendDurably({ path, end, sync }: AppendTarget, bytes: Uint8Array): Promise<void> {
  const file = openSync(path, end === 0 ? "a" : "r+", 0o600);
  try {
    try {
      if (fstatSync(file).size > end) ftruncateSync(file, end);
      writeFully(file, bytes, end === 0 ? null : end);
      if (sync) await syncFile(file);
    } catch (error) {
      ftruncateSync(file, end);
      throw error;
    }
  } finally {
    closeSync(file);
  }
  if (sync && end === 0) await syncPath(dirname(path));
}

/** Waits until a file, or the names in a directory, are on the disk. */
export async function syncPath(path: string): Promise<void> {
  const file = openSync(path, "r");
  try {
    await syncFile(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file of a few hundred bytes over itself, without waiting for the disk. Less than a page goes to the
 * file in one step whatever happens to the process, and less than a sector to the disk whatever happens to the
 * power. A rename would wait for the disk on some file systems, and leave an empty file after a power cut on
 * others.
 */
export function overwriteSmall(path: string, content: string): void {
  const bytes = Buffer.from(content);
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    writeFully(file, bytes, 0);
    if (fstatSync(file).size > bytes.length) ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a file that {@link overwriteSmall} may be writing right now: until it looks the same twice.
 *
 * @returns null where there is none, or it is longer than 64 KiB
 */
export function readStable(path: string): string | null {
  let before = readSmall(path);
  for (let attempt = 0; attempt < 100; attempt++) {
    const now = readSmall(path);
    if (now === before) break;
    before = now;
  }
  return before;
}

/**
 * Reads a file of a few hundred bytes. Not waiting for other threads takes a tenth of the time.
 *
 * @returns null where there is none, or it is longer than 64 KiB
 */
export function readSmall(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return null;
    throw error;
  }
  try {
    const bytes = readPart(file, 0, Math.min(fstatSync(file).size, 65_537));
    return bytes.length > 65_536 ? null : bytes.toString("utf8");
  } finally {
    closeSync(file);
  }
}

/** Reads a part of a file; what it does not have is missing from the answer. */
export function readPart(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(file, bytes, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

/** Cuts a file off after its last line break, as a process may have died in the middle of a line. */
export async function cutTornLine(path: string): Promise<number> {
  const file = openSync(path, "r+");
  try {
    const { size } = fstatSync(file);
    let end = size;
    while (end > 0) {
      const from = Math.max(0, end - 65_536);
      const found = readPart(file, from, end - from).lastIndexOf(10);
      end = found < 0 ? from : from + found + 1;
      if (found >= 0) break;
    }
    if (end < size) {
      ftruncateSync(file, end);
      await syncFile(file);
    }
    return end;
  } finally {
    closeSync(file);
  }
}
