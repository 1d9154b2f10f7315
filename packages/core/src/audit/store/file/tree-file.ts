import { closeSync, constants, openSync, statSync } from "node:fs";
import { isSystemError } from "../../../kernel/index.ts";
import { hashBytes } from "../../merkle/hash.ts";
import { readPart, syncPath, writeFully } from "../../disk/durable.ts";

/**
 * The file of stored hashes: 32 bytes for each position. Everything in it follows from the entries, so it is
 * not waited for when it is written, and is made anew where it is missing.
 */
export class TreeFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** How many hashes it has. */
  count(): number {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return Math.floor((found?.size ?? 0) / hashBytes);
  }

  /** Writes hashes from a position on. */
  write(position: number, hashes: readonly Buffer[]): void {
    if (hashes.length === 0) return;
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      writeFully(file, Buffer.concat(hashes), position * hashBytes);
    } finally {
      closeSync(file);
    }
  }

  /** Reads hashes; one that is missing is empty. */
  read(positions: readonly number[]): Buffer[] {
    if (positions.length === 0) return [];
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return positions.map(() => Buffer.alloc(0));
      throw error;
    }
    try {
      return readRuns(file, positions);
    } finally {
      closeSync(file);
    }
  }

  /** Waits until it is on the disk. */
  async sync(): Promise<void> {
    if (this.count() > 0) await syncPath(this.#path);
  }
}

/** Reads neighbours in one go: whoever checks the log asks for thousands of them. */
function readRuns(file: number, positions: readonly number[]): Buffer[] {
  const hashes: Buffer[] = [];
  for (let start = 0; start < positions.length;) {
    const first = positions[start] as number;
    let end = start + 1;
    // A gap of a few hashes costs less to read than another call.
    while (end < positions.length && isNear(positions[end - 1] as number, positions[end] as number)) end++;
    const last = positions[end - 1] as number;
    const bytes = readPart(file, first * hashBytes, (last - first + 1) * hashBytes);
    for (const position of positions.slice(start, end)) {
      const hash = bytes.subarray((position - first) * hashBytes, (position - first + 1) * hashBytes);
      hashes.push(hash.length === hashBytes ? hash : Buffer.alloc(0));
    }
    start = end;
  }
  return hashes;
}

function isNear(position: number, next: number): boolean {
  return next >= position && next - position <= 32;
}
