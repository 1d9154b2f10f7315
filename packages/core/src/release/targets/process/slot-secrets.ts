import { createHash } from "node:crypto";
import { lstat, readdir, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  isSystemError,
  readPrivateFile,
  removeTree,
  Sensitive,
  writePrivateFile,
} from "../../../kernel/index.ts";
import { formatSlot, type Slot } from "../../names.ts";

/** Secret variables of one process, by name. */
export type SecretVariables = Readonly<Record<string, Sensitive<string>>>;

/** Keeps the secret variables of what runs, so that a supervisor after this one can start it again. */
export interface SlotSecrets {
  write(slot: Slot, secrets: SecretVariables): Promise<void>;
  /** @returns null when there are none, as after the machine was started again */
  read(slot: Slot): Promise<SecretVariables | null>;
  remove(slot: Slot): Promise<void>;
  /**
   * Removes whatever is not of these slots: a supervisor may have died after it wrote secrets, and before it
   * wrote down for what.
   */
  sweep(keep: readonly Slot[]): Promise<void>;
}

const fileSchema = z.record(z.string().max(1024), z.string());
const maxBytes = 4 * 1024 * 1024;
/** `TMPFS_MAGIC` of Linux's `statfs`. */
const tmpfs = 0x01021994;

/**
 * Keeps them in memory-backed files of this user alone, and never on a disk: where the machine has no such
 * directory, in this process only.
 *
 * @param lotse - the absolute path of the workspace's `.lotse`
 */
export async function openSlotSecrets(lotse: string): Promise<SlotSecrets> {
  const root = await memoryDirectory();
  if (root === null) return inProcess();
  const workspace = createHash("sha256").update(lotse).digest("hex").slice(0, 32);
  const directory = join(root, workspace);
  const pathOf = (slot: Slot): string => join(directory, `${formatSlot(slot)}.json`);
  return {
    write: (slot, secrets) =>
      writePrivateFile(pathOf(slot), JSON.stringify(reveal(secrets)), { sync: false }),
    read: async (slot) => {
      const content = await readPrivateFile(pathOf(slot), maxBytes);
      return content === null ? null : seal(fileSchema.parse(JSON.parse(content.toString("utf8"))));
    },
    remove: async (slot) => {
      await removeTree(pathOf(slot));
      await removeEmpty(dirname(pathOf(slot)), root);
    },
    sweep: async (keep) => {
      const kept = new Set(keep.map(pathOf));
      for (const path of await filesBelow(directory)) {
        if (kept.has(path)) continue;
        await removeTree(path);
        await removeEmpty(dirname(path), root);
      }
    },
  };
}

/** Every file of a directory, temporary ones among them; none where it does not exist. */
async function filesBelow(directory: string): Promise<readonly string[]> {
  try {
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    return found.flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name)]));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

/** A directory of this user in memory; null where the system has none. */
async function memoryDirectory(): Promise<string | null> {
  const uid = process.getuid?.() ?? 0;
  for (const [parent, name] of [
    [`/run/user/${uid}`, "lotse"],
    ["/dev/shm", `lotse-${uid}`],
  ] as const) {
    if (!(await isMemory(parent))) continue;
    const path = join(parent, name);
    if (await isOurs(path, uid)) return path;
  }
  return null;
}

/**
 * Whether a directory is this user's alone, or not there yet. In a directory that others may write to, somebody
 * else may have made it before us, or a link that leads to a disk.
 */
export async function isOurs(path: string, uid: number): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found === null || (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0);
}

async function isMemory(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type === tmpfs;
  } catch {
    return false;
  }
}

/** Removes directories that hold nothing any more, up to and with the root. */
async function removeEmpty(directory: string, root: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch {
    return;
  }
  if (directory !== root) await removeEmpty(dirname(directory), root);
}

function inProcess(): SlotSecrets {
  const kept = new Map<string, SecretVariables>();
  return {
    write: (slot, secrets) => Promise.resolve(void kept.set(formatSlot(slot), secrets)),
    read: (slot) => Promise.resolve(kept.get(formatSlot(slot)) ?? null),
    remove: (slot) => Promise.resolve(void kept.delete(formatSlot(slot))),
    sweep: (keep) => {
      const names = new Set(keep.map(formatSlot));
      for (const name of kept.keys()) if (!names.has(name)) kept.delete(name);
      return Promise.resolve();
    },
  };
}

/** Opens them for the file and for the process's own environment. */
export function reveal(secrets: SecretVariables): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, value.reveal()]));
}

/** Closes what came over the wire. */
export function seal(values: Readonly<Record<string, string>>): SecretVariables {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Sensitive(value)]));
}
