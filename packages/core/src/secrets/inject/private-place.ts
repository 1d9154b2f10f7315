import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LotseError } from "../../kernel/index.ts";
import type { ProcessEnvironment } from "./environment.ts";
import { findPlaces, type BasePlace } from "./memory-place.ts";
import { ownerFile, ownIdentity } from "./place-owner.ts";
import { removeStale } from "./stale-places.ts";
import { wipeDirectory } from "./wipe.ts";

/** A directory (0700) of one process, which is removed with all in it. */
export interface PrivatePlace extends BasePlace, Disposable {
  /** Overwrites and removes everything. Is called by itself when the process ends; may be called twice. */
  close(): void;
}

/** How {@link openPlace} chooses. */
export interface PlaceRequest {
  readonly environment: ProcessEnvironment;
  /** Whether a directory on a disk will do where there is none in memory. */
  readonly allowDisk: boolean;
  /** Where to look. @defaultValue `$XDG_RUNTIME_DIR`, `/dev/shm`, the temporary directory */
  readonly candidates?: readonly string[] | undefined;
}

/**
 * Makes a private directory, in memory where that can be had, and removes those that dead processes of this
 * user left behind.
 *
 * @throws LotseError `machine.missing` when there is no directory that may be used
 */
export async function openPlace(request: PlaceRequest): Promise<PrivatePlace> {
  const bases = findPlaces(request.environment, request.candidates);
  await removeStale(bases.map(({ directory }) => directory));
  const base = bases.find(({ inMemory }) => inMemory || request.allowDisk);
  if (base === undefined) {
    throw new LotseError({
      code: "machine.missing",
      message: "there is no directory in memory to put secrets into",
      hint: "set XDG_RUNTIME_DIR to one on tmpfs, mount /dev/shm, or allow the use of the disk",
    });
  }
  const owner = JSON.stringify(await ownIdentity());
  const directory = join(base.directory, `lotse-${process.pid}-${randomBytes(8).toString("hex")}`);
  mkdirSync(directory, { mode: 0o700 });
  const close = onceAtExit(() => wipeDirectory(directory));
  try {
    writeFileSync(join(directory, ownerFile), owner, { mode: 0o600, flag: "wx" });
  } catch (error) {
    close();
    throw error;
  }
  return { directory, inMemory: base.inMemory, close, [Symbol.dispose]: close };
}

/** Runs an action once: when it is called, or when the process ends by itself. */
function onceAtExit(action: () => void): () => void {
  let done = false;
  const run = (): void => {
    if (done) return;
    done = true;
    process.off("exit", run);
    action();
  };
  process.on("exit", run);
  return run;
}
