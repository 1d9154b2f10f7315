import { closeSync, ftruncateSync, openSync } from "node:fs";
import { LotseError } from "../../../kernel/index.ts";
import { actorOf, parseLine } from "../../entry/line.ts";
import { positionOf, storedHashes } from "../../merkle/position.ts";
import { readRange, type CompactRange } from "../../merkle/range.ts";
import { syncPath } from "../../disk/durable.ts";
import { endOfLines, offsetAfter, segmentEntries, segmentOf, splitLines, type Segments } from "./segments.ts";
import { emptySnapshot, type Snapshot } from "./snapshot.ts";
import type { TreeFile } from "./tree-file.ts";

/** What a process knows about the end of the log. */
export interface LogEnd {
  size: number;
  lastTime: string | null;
  /** The last sequence of every actor's commitment. */
  readonly sequences: Map<string, number>;
  /** Where the segment of the next entry ends, in bytes, and which file that was. */
  offset: number;
  file: string | null;
}

/** What recovery works on. */
export interface RecoveryFiles {
  readonly segments: Segments;
  readonly tree: TreeFile;
}

/** Begins where a snapshot ended, or at the first entry when the stored hashes do not reach as far. */
export function endOfSnapshot(snapshot: Snapshot | null, { tree }: RecoveryFiles): LogEnd {
  const usable = snapshot !== null && tree.count() >= storedHashes(snapshot.size) ? snapshot : emptySnapshot;
  return {
    size: usable.size,
    lastTime: usable.lastTime,
    sequences: new Map(Object.entries(usable.sequences)),
    offset: 0,
    file: null,
  };
}

/**
 * Takes in what was appended since, by other processes or before a crash. A torn line at the end is cut off:
 * who wrote it never heard that it was recorded.
 *
 * @param trustTree - whether stored hashes that are there may be taken as they are; not after a power cut
 * @throws LotseError `audit.corrupt` when the log cannot be continued
 */
export async function catchUp(end: LogEnd, files: RecoveryFiles, trustTree: boolean): Promise<void> {
  let range: CompactRange | null = null;
  for (;;) {
    const segment = segmentOf(end.size);
    const tail = files.segments.tail(segment);
    if (tail === null) {
      if (end.size % segmentEntries !== 0) throw corrupt(end.size, "its file has disappeared");
      if ((await files.segments.last()) > segment)
        throw corrupt(end.size, "a file before the last is missing");
      end.offset = 0;
      end.file = null;
      return;
    }
    if (tail.file !== end.file) placeIn(end, files.segments, segment, tail.file);
    if (tail.bytes < end.offset) throw corrupt(end.size - 1, "the file is shorter than it was");
    if (tail.bytes === end.offset) return;
    const lines = await readNewLines(end, files.segments, segment);
    if (lines.length === 0) return;
    range ??= await readRange(end.size, (positions) => Promise.resolve(files.tree.read(positions)));
    takeLines(end, lines, range, files.tree, trustTree);
  }
}

/** Finds the offset again after a file was opened for the first time, or rewritten by retention. */
function placeIn(end: LogEnd, segments: Segments, segment: number, file: string): void {
  const lines = end.size % segmentEntries;
  const offset = lines === 0 ? 0 : offsetAfter(segments.read(segment, 0), lines);
  if (offset === null) throw corrupt(end.size - 1, "the file has fewer lines than it had");
  end.offset = offset;
  end.file = file;
}

async function readNewLines(end: LogEnd, segments: Segments, segment: number): Promise<string[]> {
  const content = segments.read(segment, end.offset);
  const complete = endOfLines(content);
  if (complete < content.length) {
    if ((await segments.last()) > segment) throw corrupt(end.size, "a line within the log is incomplete");
    await cut(segments.path(segment), end.offset + complete);
  }
  const lines = splitLines(content.subarray(0, complete));
  if ((end.size % segmentEntries) + lines.length > segmentEntries) {
    throw corrupt(end.size, "the file has too many lines");
  }
  end.offset += complete;
  return lines;
}

async function cut(path: string, length: number): Promise<void> {
  const file = openSync(path, "r+");
  try {
    ftruncateSync(file, length);
  } finally {
    closeSync(file);
  }
  await syncPath(path);
}

function takeLines(
  end: LogEnd,
  lines: readonly string[],
  range: CompactRange,
  tree: TreeFile,
  trustTree: boolean,
): void {
  const from = storedHashes(end.size);
  const hashes: Buffer[] = [];
  for (const text of lines) {
    const line = parseLine(text);
    if (line?.entry.index !== end.size) throw corrupt(end.size, "it is no entry, or not in its place");
    range.append(line.leaf, (hash) => hashes.push(hash));
    end.sequences.set(actorOf(line), line.entry.sequence);
    if (line.kind === "entry") end.lastTime = line.entry.time;
    end.size += 1;
  }
  if (end.size % segmentEntries === 0) {
    end.offset = 0;
    end.file = null;
  }
  const last = positionOf({ level: 0, index: end.size - 1 });
  if (!trustTree || tree.count() <= last) tree.write(from, hashes);
}

function corrupt(index: number, why: string): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: `the audit log cannot be continued at entry ${index}: ${why}`,
    hint: "lotse audit verify tells what else is wrong; keep the files as evidence",
  });
}
