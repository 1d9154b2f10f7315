import { isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../kernel/index.ts";
import { readPart } from "../../disk/durable.ts";

/** How many entries a segment holds. Changing it would make old logs unreadable. */
export const segmentEntries = 1024;

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

  /** One line; null where it is not there. */
  line(segment: number, place: number): string | null {
    if (this.tail(segment) === null) return null;
    const content = this.read(segment, 0);
    const start = offsetAfter(content, place);
    const end = start === null ? -1 : content.indexOf(10, start);
    return start === null || end < 0 ? null : (splitLines(content.subarray(start, end + 1))[0] ?? null);
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

/** The complete lines of bytes. A line that is not UTF-8 comes out unlike any entry. */
export function splitLines(content: Buffer): string[] {
  const complete = content.subarray(0, content.lastIndexOf(10) + 1);
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
