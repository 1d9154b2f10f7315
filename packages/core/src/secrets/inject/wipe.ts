import { closeSync, constants, lstatSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const blockSize = 65_536;

/**
 * Overwrites every file below a directory with zeros and removes all. It is synchronous, since it also runs
 * while the process exits. Links are removed and not followed. What has gone already is no error.
 *
 * Overwriting helps for files in memory, and for disks that write in place; journals, copy-on-write and
 * flash keep what they keep.
 */
export function wipeDirectory(directory: string): void {
  overwriteAll(directory);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

function overwriteAll(directory: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) overwriteAll(path);
    else if (found?.isFile() === true) overwrite(path, found.size);
  }
}

function overwrite(path: string, size: number): void {
  const zeros = Buffer.alloc(Math.min(size, blockSize));
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      for (let at = 0; at < size; at += zeros.length) {
        writeSync(file, zeros, 0, Math.min(zeros.length, size - at), at);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    // An editor may have made it unwritable; it is removed all the same.
  }
}
