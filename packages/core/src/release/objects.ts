import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { digestOf, isSystemError, LotseError, readPrivateFile, writePrivateFile } from "../kernel/index.ts";

/** The largest object that is read or written: 128 MiB. */
export const maxObjectBytes = 128 * 1024 * 1024;

/** Bytes kept under the name of their digest. */
export interface ObjectStore {
  /** Keeps bytes and returns their digest. Bytes that are there already, undamaged, are not written again. */
  put(content: string | Uint8Array): Promise<string>;
  /**
   * The bytes of a digest, checked against it on every read.
   *
   * @throws LotseError `release.corrupt` when they are missing or differ
   */
  get(digest: string): Promise<Buffer>;
}

/** Where bytes are put while a release is made. */
export type ObjectSink = Pick<ObjectStore, "put">;

/** The error for stored bytes that are not what they should be. */
export function corrupt(file: string, message: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "release.corrupt",
    message,
    hint: "restore .lotse from a backup, or create the release again from its commit under a new version",
    where: { file },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Opens the object store in a directory. Nothing is written until the first `put`.
 *
 * @param directory - absolute path; objects lie in `<directory>/<first two digits>/<other 62>`
 */
export function openObjects(directory: string): ObjectStore {
  const pathOf = (digest: string): string => join(directory, digest.slice(0, 2), digest.slice(2));
  return {
    async put(content) {
      const digest = digestOf(content);
      const path = pathOf(digest);
      const size = typeof content === "string" ? Buffer.byteLength(content) : content.byteLength;
      if (size > maxObjectBytes) {
        throw new LotseError({
          code: "release.too-large",
          message: `an object of ${size} bytes is larger than ${maxObjectBytes}`,
        });
      }
      if (!(await isIntact(path, digest, size))) await writePrivateFile(path, content);
      return digest;
    },
    async get(digest) {
      const path = pathOf(digest);
      const content = await readPrivateFile(path, maxObjectBytes);
      if (content === null) throw corrupt(path, `object ${digest.slice(0, 12)} is missing`);
      if (digestOf(content) !== digest) throw corrupt(path, `object ${digest.slice(0, 12)} was changed`);
      return content;
    },
  };
}

/**
 * Reads an object of JSON.
 *
 * @param what - how messages call it
 * @throws LotseError `release.corrupt` when it is missing, changed, or not what the schema says
 */
export async function readJsonObject<T>(
  objects: Pick<ObjectStore, "get">,
  digest: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const content = await objects.get(digest);
  try {
    return schema.parse(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw corrupt(digest, `${what} of the release is not valid`, cause);
  }
}

/** An object store that keeps nothing and only tells digests: what a release would be, without making it. */
export function countingObjects(): ObjectSink {
  return { put: (content) => Promise.resolve(digestOf(content)) };
}

async function isIntact(path: string, digest: string, size: number): Promise<boolean> {
  try {
    if ((await stat(path)).size !== size) return false;
    const content = await readPrivateFile(path, maxObjectBytes);
    return content !== null && digestOf(content) === digest;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}
