import { randomUUID } from "node:crypto";
import { link, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import { isSystemError, LotseError } from "./error.ts";
import { makePrivateDirectory, readPrivateFile, writePrivateFile } from "./private-files.ts";
import { identify, isRunning, processIdentitySchema } from "./process-identity.ts";

const ownerSchema = z.strictObject({
  token: z.string().min(8).max(64),
  host: z.string().max(256),
  process: processIdentitySchema,
  /** Who holds it and why, for people. */
  holder: z.string().max(512),
  since: z.iso.datetime(),
});

/** Who holds a lock. */
export type LockOwner = z.infer<typeof ownerSchema>;

/** A lock that is held; `release` gives it back and may be called again. */
export interface HeldLock {
  readonly owner: LockOwner;
  release(): Promise<void>;
}

/** How a lock is asked for. */
export interface LockRequest {
  /** The lock file; its directory is made. */
  readonly path: string;
  /** Who asks and why, as the other side should read it. */
  readonly holder: string;
  readonly clock: Clock;
  /** Whether an owner still runs. @defaultValue its process on this host, any owner on another host */
  readonly isAlive?: (owner: LockOwner) => Promise<boolean>;
}

/**
 * Takes a lock between processes, or takes it over from a process that has died.
 *
 * The file appears with its content in one step (`link`). A dead owner's file may be removed only by whoever
 * holds the guard that is named after that very owner, so two rescuers never remove each other's new lock;
 * guards are locks themselves and can be rescued in the same way.
 *
 * @returns the lock, or its living owner
 */
export async function tryLock(request: LockRequest): Promise<HeldLock | LockOwner> {
  const owner = await newOwner(request);
  const isAlive = request.isAlive ?? ownerIsAlive;
  const rival = await acquire(request.path, owner, isAlive);
  if (rival !== null) return rival;
  let released = false;
  return {
    owner,
    release: async () => {
      if (released) return;
      released = true;
      const present = await readOwner(request.path);
      if (present?.token === owner.token) await rm(request.path, { force: true });
    },
  };
}

/** Whether {@link tryLock} got the lock. */
export function isHeld(result: HeldLock | LockOwner): result is HeldLock {
  return "release" in result;
}

/**
 * Takes a lock, waiting for a living owner for a bounded time.
 *
 * @throws LotseError `rollout.locked` when the time is over
 */
export async function lockWithin(request: LockRequest, timeoutMs: number): Promise<HeldLock> {
  const end = request.clock.elapsedMs() + timeoutMs;
  for (;;) {
    const result = await tryLock(request);
    if (isHeld(result)) return result;
    if (request.clock.elapsedMs() >= end) throw lockedBy(result, request.path, "the lock");
    await request.clock.sleep(20);
  }
}

/** The error that names who holds a lock on something. */
export function lockedBy(owner: LockOwner, path: string, what: string): LotseError {
  return new LotseError({
    code: "rollout.locked",
    message: `${what} is held by ${owner.holder}, process ${owner.process.pid} on ${owner.host}, since ${owner.since}`,
    hint:
      owner.host === hostname()
        ? "wait until it is done, or end that process; a lock of a dead process is taken over by itself"
        : `if that process on ${owner.host} is gone for good, remove ${path}`,
    where: { file: path },
    retryable: true,
  });
}

async function newOwner(request: LockRequest): Promise<LockOwner> {
  const self = await identify(process.pid);
  return {
    token: randomUUID(),
    host: hostname(),
    process: self ?? { pid: process.pid, started: null },
    holder: request.holder.slice(0, 512),
    since: request.clock.now().toISOString(),
  };
}

function ownerIsAlive(owner: LockOwner): Promise<boolean> {
  return owner.host === hostname() ? isRunning(owner.process) : Promise.resolve(true);
}

type IsAlive = (owner: LockOwner) => Promise<boolean>;

/** Puts the lock there; null when that worked, else the living owner. */
async function acquire(path: string, owner: LockOwner, isAlive: IsAlive): Promise<LockOwner | null> {
  for (;;) {
    if (await create(path, owner)) return null;
    const present = await readOwner(path);
    if (present === null) continue;
    if (await isAlive(present)) return present;
    const rescuer = await removeDead(path, present, owner, isAlive);
    if (rescuer !== null) return rescuer;
  }
}

async function create(path: string, owner: LockOwner): Promise<boolean> {
  await makePrivateDirectory(dirname(path));
  const temporary = join(dirname(path), `.lock-${owner.token}`);
  await writePrivateFile(temporary, JSON.stringify(owner), { sync: false });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function removeDead(
  path: string,
  dead: LockOwner,
  owner: LockOwner,
  isAlive: IsAlive,
): Promise<LockOwner | null> {
  const guard = `${path}.${dead.token.slice(0, 36)}`;
  const rescuer = await acquire(guard, owner, isAlive);
  if (rescuer !== null) return rescuer;
  const present = await readOwner(path);
  if (present?.token === dead.token) await rm(path, { force: true });
  await rm(guard, { force: true });
  return null;
}

async function readOwner(path: string): Promise<LockOwner | null> {
  const content = await readPrivateFile(path, 16_384);
  if (content === null) return null;
  try {
    return ownerSchema.parse(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw new LotseError({
      code: "rollout.state",
      message: `the lock ${path} is damaged`,
      hint: "remove it when no other lotse runs",
      where: { file: path },
      cause,
    });
  }
}
