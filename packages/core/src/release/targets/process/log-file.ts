import { open, rm, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError, makePrivateDirectory, writePrivateFile } from "../../../kernel/index.ts";

/** The size past which a log is cut: 8 MiB. */
const maxLogBytes = 8 * 1024 * 1024;

const keptBytes = 1024 * 1024;

/**
 * Opens a new, empty log (0600) for appending. Processes write to it directly, so their output outlives
 * the supervisor and costs it nothing.
 */
export async function openLog(path: string): Promise<{ readonly fd: number; close(): Promise<void> }> {
  await makePrivateDirectory(dirname(path));
  const file = await open(path, "a", 0o600);
  return { fd: file.fd, close: () => file.close() };
}

/** Removes a log and the part that was cut off it. */
export async function removeLog(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.1`, { force: true });
}

/**
 * Cuts a log that grew past a bound: its last megabyte goes to `<path>.1`, and the file begins anew. What is
 * written between the two is lost.
 */
export async function boundLog(path: string, maxBytes: number = maxLogBytes): Promise<void> {
  const size = await sizeOf(path);
  if (size <= maxBytes) return;
  await writePrivateFile(`${path}.1`, await readTail(path, Math.min(keptBytes, maxBytes)), { sync: false });
  await truncate(path, 0);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return 0;
    throw error;
  }
}

async function readTail(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * The last lines of a log, for the reason of a failure.
 *
 * @returns at most `lines` lines of 500 characters, without control characters; empty where there is no log
 */
export async function lastLines(path: string, lines = 8): Promise<readonly string[]> {
  if ((await sizeOf(path)) === 0) return [];
  const text = (await readTail(path, 16_384)).toString("utf8");
  return text
    .split("\n")
    .map((line) =>
      line
        .replace(/\p{Cc}/gu, " ")
        .trimEnd()
        .slice(0, 500),
    )
    .filter((line) => line.trim() !== "")
    .slice(-lines);
}
