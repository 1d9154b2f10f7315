import { randomUUID } from "node:crypto";
import { existsSync, linkSync, unlinkSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import {
  identify,
  isHeld,
  isRunning,
  isSystemError,
  LotseError,
  processIdentitySchema,
  readPrivateFile,
  systemClock,
  tryLock,
} from "../../kernel/index.ts";

const ownerSchema = z.strictObject({
  token: z.uuid(),
  host: z.string().max(256),
  process: processIdentitySchema,
});

type Owner = z.infer<typeof ownerSchema>;

/**
 * A lock between processes that costs two system calls: the file that says who we are is written once, and
 * the lock is a hard link to it. A lock of a dead process is taken over; a guard that is named after the dead
 * owner lets only one rescuer do that, so none removes another's new lock.
 *
 * Why not the kernel's `tryLock` alone: it writes a file each time, which would halve the appends a second.
 */
export class WriterLock {
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #token = randomUUID();
  #prepared = false;

  /**
   * @param path - the lock; its directory is there
   * @param timeoutMs - how long to wait for a living owner
   */
  constructor(path: string, timeoutMs: number) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Takes the lock.
   *
   * @returns what gives it back
   * @throws LotseError `audit.busy` when a living owner keeps it for too long
   */
  async acquire(): Promise<() => Promise<void>> {
    const end = performance.now() + this.#timeoutMs;
    for (let attempt = 1; ; attempt++) {
      if (!this.#prepared) await this.#prepare();
      if (this.#link()) return () => this.#release();
      if (attempt === 1) writeFileSync(this.#waiting, "", { mode: 0o600 });
      // An owner dies rarely, and looking costs more than trying again.
      if (attempt % 16 === 4) await this.#rescue();
      if (performance.now() >= end) throw await this.#busy();
      await wait(1 + Math.random() * 2);
    }
  }

  /** Removes the file that says who we are. */
  async close(): Promise<void> {
    this.#prepared = false;
    await rm(this.#own, { force: true });
  }

  get #own(): string {
    return `${this.#path}.${this.#token}`;
  }

  get #waiting(): string {
    return `${this.#path}.waiting`;
  }

  #link(): boolean {
    try {
      linkSync(this.#own, this.#path);
      return true;
    } catch (error) {
      if (isSystemError(error, "EEXIST")) return false;
      // Somebody has cleared up too much.
      if (!isSystemError(error, "ENOENT")) throw error;
      this.#prepared = false;
      return false;
    }
  }

  async #release(): Promise<void> {
    removeIfThere(this.#path);
    if (!existsSync(this.#waiting)) return;
    removeIfThere(this.#waiting);
    // Who has just had the lock would otherwise win it again and again.
    await wait(3);
  }

  async #prepare(): Promise<void> {
    const self = await identify(process.pid);
    const owner: Owner = {
      token: this.#token,
      host: hostname(),
      process: self ?? { pid: process.pid, started: null },
    };
    // In one go, so that hardly any death leaves it empty; and after a power cut the lock must still say whose it was.
    writeFileSync(this.#own, JSON.stringify(owner), { mode: 0o600, flush: true });
    this.#prepared = true;
    await this.#sweep();
  }

  /** Removes what processes left behind that died without holding the lock. */
  async #sweep(): Promise<void> {
    const prefix = `${basename(this.#path)}.`;
    const names = (await readdir(dirname(this.#path))).filter((name) => name.startsWith(prefix));
    for (const name of names) {
      const token = name.slice(prefix.length);
      if (!z.uuid().safeParse(token).success) continue;
      const path = join(dirname(this.#path), name);
      const owner = await readOwner(path);
      const isLeft = owner === null ? await isOld(path) : owner.token === token && !(await isAlive(owner));
      if (isLeft) await rm(path, { force: true });
    }
  }

  async #rescue(): Promise<void> {
    const dead = await readOwner(this.#path);
    if (dead === null || (await isAlive(dead))) return;
    const guard = await tryLock({
      path: `${this.#path}.rescue.${dead.token}`,
      holder: "audit log",
      clock: systemClock,
    });
    if (!isHeld(guard)) return;
    const present = await readOwner(this.#path);
    if (present?.token === dead.token) await rm(this.#path, { force: true });
    await rm(`${this.#path}.${dead.token}`, { force: true });
    await guard.release();
  }

  async #busy(): Promise<LotseError> {
    const owner = await readOwner(this.#path);
    const who = owner === null ? "another process" : `process ${owner.process.pid} on ${owner.host}`;
    return new LotseError({
      code: "audit.busy",
      message: `${who} holds the audit log for more than ${this.#timeoutMs} ms`,
      hint: `wait until it is done; if it is gone for good, remove ${this.#path}`,
      where: { file: this.#path },
      retryable: true,
    });
  }
}

/** What `rm` does with `force`, in half of the time. */
function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
  }
}

async function readOwner(path: string): Promise<Owner | null> {
  const content = await readPrivateFile(path, 4096);
  if (content === null) return null;
  try {
    return ownerSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    return null;
  }
}

/** Whether a file says nothing because its writer died over it, and not because it is being written. */
async function isOld(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > 60_000;
}

async function isAlive(owner: Owner): Promise<boolean> {
  return owner.host === hostname() ? isRunning(owner.process) : true;
}
