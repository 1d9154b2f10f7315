import { accessSync, constants, statfsSync, statSync } from "node:fs";
import type { ProcessEnvironment } from "./environment.ts";

/** A directory in which private ones can be made. */
export interface BasePlace {
  readonly directory: string;
  /** Whether its files live in memory and never on a disk (apart from swap). */
  readonly inMemory: boolean;
}

/**
 * File system types of Linux that live in memory: tmpfs and ramfs.
 *
 * @see https://man7.org/linux/man-pages/man2/statfs.2.html
 */
const memoryTypes: ReadonlySet<number> = new Set([0x01_02_19_94, 0x85_84_58_f6]);

/**
 * Finds directories that this user can write to, those in memory first: `$XDG_RUNTIME_DIR` when it belongs to
 * this user alone, `/dev/shm`, then the temporary directory. Whether one is in memory is asked of the file
 * system, not concluded from its name. Elsewhere than on Linux nothing counts as memory.
 *
 * @param candidates - absolute paths. @defaultValue the three above
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function findPlaces(
  environment: ProcessEnvironment,
  candidates: readonly string[] = defaultCandidates(environment),
): readonly BasePlace[] {
  const places = candidates
    .filter((path) => isUsable(path))
    .map((directory) => ({
      directory,
      inMemory: isInMemory(directory),
    }));
  return [...places.filter(({ inMemory }) => inMemory), ...places.filter(({ inMemory }) => !inMemory)];
}

function defaultCandidates(environment: ProcessEnvironment): readonly string[] {
  const runtime = environment["XDG_RUNTIME_DIR"];
  const temporary = environment["TMPDIR"];
  return [
    ...(runtime?.startsWith("/") === true ? [runtime] : []),
    "/dev/shm",
    ...(temporary?.startsWith("/") === true ? [temporary] : []),
    "/tmp",
  ];
}

/** A directory counts when it is this user's own, or sticky, so that others cannot rename what is in it. */
function isUsable(path: string): boolean {
  try {
    const found = statSync(path);
    const own = found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
    if (!found.isDirectory() || !(own || (found.mode & 0o1000) !== 0)) return false;
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isInMemory(path: string): boolean {
  return process.platform === "linux" && memoryTypes.has(statfsSync(path).type);
}
