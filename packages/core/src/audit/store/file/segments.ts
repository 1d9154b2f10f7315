import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../kernel/index.ts";
import { readPart } from "../../disk/durable.ts";
import { maxEntryBytes } from "../../entry/entry.ts";

/** How many entries a segment holds. Changing it would make old logs unreadable. */
export const segmentEntries = 1024;

const pieceBytes = 32_768;

/** The number of the segment that an entry is in. */
export function segmentOf(index: number): number {
  return Math.floor(index / segmentEntries);
}

/** The name of a segment, without the ending. */
export function segmentName(segment: number): string {
  return String(segment).padStart(8, "0");
}

/** The end of a segment as it is on the disk. */
export interface SegmentTail {
  /** Tells a file apart from the one that has taken its place. */
  readonly file: string;
  readonly bytes: number;
}

/** The files of entries: one line of JSON each, {@link segmentEntries} to a file. */
export class Segments {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(segment: number): string {
    return join(this.directory, `${segmentName(segment)}.jsonl`);
  }

  /** How a segment ends; null where there is none. */
  tail(segment: number): SegmentTail | null {
    const found = statSync(this.path(segment), { throwIfNoEntry: false });
    return found === undefined ? null : { file: `${found.ino}:${found.birthtimeMs}`, bytes: found.size };
  }

  /** The bytes of a segment from an offset on. */
  read(segment: number, offset: number): Buffer {
    const file = openSync(this.path(segment), "r");
    try {
      return readPart(file, offset, Math.max(0, fstatSync(file).size - offset));
    } finally {
      closeSync(file);
    }
  }

  /** The number of the last segment; -1 where there is none. */
  async last(): Promise<number> {
    try {
      const names = (await readdir(this.directory)).filter((name) => /^\d{8,}\.jsonl$/u.test(name));
      return Math.max(-1, ...names.map((name) => Number.parseInt(name, 10)));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return -1;
      throw error;
    }
  }

  /** One line; null where it is not there. It is looked for in small pieces, as memory costs more than reading. */
  line(segment: number, place: number): string | null {
    if (this.tail(segment) === null) return null;
    const file = openSync(this.path(segment), "r");
    try {
      let [position, left] = [0, place];
      for (;;) {
        const piece = readPart(file, position, pieceBytes);
        let start = 0;
        while (left > 0) {
          const end = piece.indexOf(10, start);
          if (end < 0) break;
          start = end + 1;
          left -= 1;
        }
        if (left === 0) return lineAt(file, position + start);
        if (piece.length < pieceBytes) return null;
        position += pieceBytes;
      }
    } finally {
      closeSync(file);
    }
  }

  /**
   * The complete lines of a segment.
   *
   * @returns null where there is no such file
   */
  async lines(segment: number): Promise<string[] | null> {
    let content: Buffer;
    try {
      content = await readFile(this.path(segment));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return null;
      throw error;
    }
    return splitLines(content);
  }
}

/** The line that begins at a position. */
function lineAt(file: number, position: number): string | null {
  let content = readPart(file, position, 4096);
  if (!content.includes(10)) content = readPart(file, position, maxEntryBytes + 1);
  const end = content.indexOf(10);
  return end < 0 ? null : (splitLines(content.subarray(0, end + 1))[0] ?? null);
}

/**
 * Where complete lines end. After a power cut a file may be as long as it should be, with zeros where nothing was
 * written: what comes after the first of them was never waited for.
 */
export function endOfLines(content: Buffer): number {
  const zero = content.indexOf(0);
  return (zero < 0 ? content.lastIndexOf(10) : content.lastIndexOf(10, zero)) + 1;
}

/** The complete lines of bytes. A line that is not UTF-8 comes out unlike any entry. */
export function splitLines(content: Buffer): string[] {
  const complete = content.subarray(0, endOfLines(content));
  if (isUtf8(complete)) {
    const lines = complete.toString("utf8").split("\n");
    lines.pop();
    return lines;
  }
  const lines: string[] = [];
  for (let start = 0; start < complete.length;) {
    const end = complete.indexOf(10, start);
    const line = complete.subarray(start, end);
    // Decoding puts the same mark in place of different wrong bytes; in Latin-1 each byte stays itself.
    lines.push(line.toString(isUtf8(line) ? "utf8" : "latin1"));
    start = end + 1;
  }
  return lines;
}

/** Where a number of lines end in bytes; null when there are fewer. */
export function offsetAfter(content: Buffer, lines: number): number | null {
  let offset = 0;
  for (let line = 0; line < lines; line++) {
    const end = content.indexOf(10, offset);
    if (end < 0) return null;
    offset = end + 1;
  }
  return offset;
}
