import type { FileHandle } from "node:fs/promises";
import type { Sync } from "./contender.ts";

/** How long the entries of a group wait, as in Lotse. */
const groupMs = 500;

/** What waits for the disk after an entry was written, if it is time. */
export function syncing(file: FileHandle, sync: Sync): () => Promise<void> {
  let since: number | null = null;
  return async () => {
    if (sync === "never") return;
    since ??= performance.now();
    if (sync === "group" && performance.now() - since < groupMs) return;
    since = null;
    await file.sync();
  };
}
