import { z } from "zod";
import { readPrivateFile, writePrivateFile } from "../../../kernel/index.ts";

const snapshotSchema = z.strictObject({
  format: z.literal(1),
  size: z.int().min(0),
  lastTime: z.iso.datetime().nullable(),
  /** The checkpoint at that time, should the power fail while the next one is written. */
  checkpoint: z.string().max(65_536).nullable(),
  /** The last sequence of every actor's commitment. */
  sequences: z.record(z.string().regex(/^[0-9a-f]{64}$/u), z.int().min(1)),
});

/** What would take a walk over all entries to know. Everything in it follows from them. */
export type Snapshot = z.infer<typeof snapshotSchema>;

/** The snapshot of a log without entries. */
export const emptySnapshot: Snapshot = {
  format: 1,
  size: 0,
  lastTime: null,
  checkpoint: null,
  sequences: {},
};

/**
 * Reads a snapshot.
 *
 * @returns null where there is none, or it cannot be understood: then the entries are walked
 */
export async function readSnapshot(path: string): Promise<Snapshot | null> {
  const content = await readPrivateFile(path, 256 * 1024 * 1024);
  if (content === null) return null;
  try {
    return snapshotSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    return null;
  }
}

/** Writes a snapshot; what it says must be on the disk before. */
export function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  return writePrivateFile(path, JSON.stringify(snapshot));
}
