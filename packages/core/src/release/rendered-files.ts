import { z } from "zod";
import { canonicalJson, LotseError } from "../kernel/index.ts";
import { maxObjectBytes, readJsonObject, type ObjectSink, type ObjectStore } from "./objects.ts";
import { pathSchema } from "./tree-path.ts";

const fileSchema = z.strictObject({
  path: pathSchema,
  digest: z.string().regex(/^[0-9a-f]{64}$/u),
  size: z.int().min(0).max(maxObjectBytes),
  /** Whether secrets have to be put in where its references are. */
  secret: z.boolean(),
  /** The references that it is filled with. */
  secrets: z.array(z.string().max(8192)).max(10_000),
  /** The template's path in the workspace. */
  template: z.string().max(4096),
});

const listSchema = z.strictObject({ schema: z.literal(1), files: z.array(fileSchema).max(10_000) });

/** One rendered file of a tenant, as a release names it. */
export type FileEntry = z.infer<typeof fileSchema>;

/** A rendered file of a tenant; nothing secret is in it. */
export interface RenderedInput extends Omit<FileEntry, "digest" | "size"> {
  readonly bytes: Uint8Array;
}

/** Keeps rendered files, and returns the digest of the list that names them. @throws LotseError `file.outside` */
export async function storeRenderedFiles(
  objects: ObjectSink,
  input: readonly RenderedInput[],
): Promise<string> {
  const files: FileEntry[] = [];
  for (const { path, bytes, secret, secrets, template } of input) {
    if (!pathSchema.safeParse(path).success) throw outside(path);
    const digest = await objects.put(bytes);
    files.push({ path, digest, size: bytes.byteLength, secret, secrets, template });
  }
  files.sort((left, right) => (left.path < right.path ? -1 : 1));
  return await objects.put(canonicalJson({ schema: 1, files }));
}

/** The rendered files that a release names. @throws LotseError `release.corrupt` */
export async function readRenderedFiles(objects: ObjectStore, digest: string): Promise<readonly FileEntry[]> {
  return (await readJsonObject(objects, digest, listSchema, "the list of rendered files")).files;
}

function outside(path: string): LotseError {
  return new LotseError({
    code: "file.outside",
    message: `${JSON.stringify(path.slice(0, 200))} is not a path below the directory of a release's files`,
    hint: "give the template's `to` a path without `..`, `//` and a leading slash",
  });
}
