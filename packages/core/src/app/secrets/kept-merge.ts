import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readPrivateFile, removeTree, writePrivateFile } from "../../kernel/index.ts";
import type { BoundContent } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";

/** How a merge ended. */
export interface Merged {
  /** Names of values that both sides changed, each in its own way. */
  readonly conflicts: readonly string[];
  readonly bytes: Uint8Array;
  /** Whether somebody was shut out who still knows the merged file's data key. */
  readonly needsRotation: boolean;
}

const maxBytes = 16 * 1024 * 1024;
const maxAgeMs = 24 * 60 * 60 * 1000;

const directoryOf = ({ state }: Pick<Session, "state">): string => join(state, "secrets", "merge");

const keptSchema = z.strictObject({
  conflicts: z.array(z.string().max(4096)).max(100_000),
  needsRotation: z.boolean(),
  /** Ciphertext, in base64. */
  bytes: z.base64(),
});

/**
 * Where the merge of these very versions waits for the other one of file and manifest, or, for a single version, a
 * merge that may be the base of another one.
 */
export function keptPath(
  { state }: Session,
  path: string,
  ...versions: readonly (BoundContent | null)[]
): string {
  const parts = versions.map((version) => version && [version.structure, ...version.recipients]);
  const key = createHash("sha256")
    .update(JSON.stringify([path, ...parts]))
    .digest("hex");
  return join(directoryOf({ state }), `${key.slice(0, 40)}.json`);
}

/** Keeps a merge. */
export async function keep(path: string, { bytes, ...rest }: Merged): Promise<void> {
  const record = { ...rest, bytes: Buffer.from(bytes).toString("base64") };
  await writePrivateFile(path, JSON.stringify(record), { sync: false });
}

/** A merge that was kept, which is not kept any longer; null where there is none. */
export async function takeKept(path: string): Promise<Merged | null> {
  const kept = await readKept(path);
  if (kept !== null) await removeTree(path);
  return kept;
}

/** A merge that was kept; null where there is none. */
export async function readKept(path: string): Promise<Merged | null> {
  const content = await readPrivateFile(path, 2 * maxBytes);
  if (content === null) return null;
  const { bytes, conflicts, needsRotation } = keptSchema.parse(JSON.parse(content.toString("utf8")));
  return { bytes: Buffer.from(bytes, "base64"), conflicts, needsRotation };
}

/** Removes merges that were kept more than a day ago: their git command has ended long since. */
export async function forgetOld(session: Session): Promise<void> {
  const directory = directoryOf(session);
  const oldest = session.clock.now().getTime() - maxAgeMs;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs < oldest) await removeTree(path);
  }
}
