import { constants } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, LotseError, type Clock, type Exec, type Sensitive } from "../../kernel/index.ts";
import type { PrivatePlace } from "./private-place.ts";

/** How often is looked whether somebody reads. A reader waits this long at most. */
const pollMs = 10;

/**
 * Makes a named pipe (0600) in a private directory.
 *
 * @returns its path
 * @throws LotseError `machine.exec` when `mkfifo` is missing or fails
 */
export async function makeFifo(place: PrivatePlace, exec: Exec): Promise<string> {
  const path = join(place.directory, "variables.env");
  const { status, stderr } = await exec("mkfifo", ["-m", "600", path], { timeoutMs: 10_000 });
  if (status === 0) return path;
  throw new LotseError({
    code: "machine.exec",
    message: `mkfifo failed: ${stderr.trim().slice(0, 200)}`,
    hint: "hand the variables over by the environment instead",
  });
}

/**
 * Hands content to the first reader of a named pipe, and takes the pipe away, so that nobody gets it twice.
 *
 * The pipe is opened without blocking, time and again: opening it the usual way would hold a thread of Node
 * for as long as the program does not read, and keep the process from ending.
 *
 * @param signal - stops waiting, for when the program has ended without reading
 * @returns whether all of it was taken; false when the signal came first or the reader closed early
 */
export async function serveFifo(
  path: string,
  content: Sensitive<string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const pipe = await openForReader(path, clock, signal);
  if (pipe === null) return false;
  try {
    // Gone before the first byte: whoever opens it later finds no file, rather than waiting for ever.
    await rm(path, { force: true });
    return await writeAll(pipe, Buffer.from(content.reveal()), clock, signal);
  } finally {
    await pipe.close();
  }
}

async function openForReader(path: string, clock: Clock, signal: AbortSignal): Promise<FileHandle | null> {
  while (!signal.aborted) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return null;
      if (!isSystemError(error, "ENXIO")) throw error;
    }
    if (!(await pause(clock, signal))) return null;
  }
  return null;
}

async function writeAll(
  pipe: FileHandle,
  bytes: Buffer,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  let at = 0;
  while (at < bytes.length) {
    try {
      const { bytesWritten } = await pipe.write(bytes, at);
      at += bytesWritten;
    } catch (error) {
      if (isSystemError(error, "EPIPE")) return false;
      if (!isSystemError(error, "EAGAIN")) throw error;
      if (!(await pause(clock, signal))) return false;
    }
  }
  bytes.fill(0);
  return true;
}

async function pause(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(pollMs, signal).then(
    () => true,
    () => false,
  );
}
