import { z } from "zod";
import { canonicalJson } from "../kernel/index.ts";
import { readJsonObject, type ObjectSink, type ObjectStore } from "./objects.ts";

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/u);
const text = z.string().min(1).max(4096);

const fileSchema = z.strictObject({
  /** The path in the workspace. */
  file: text,
  /** Whose the layer is; null for all. */
  environment: text.nullable(),
  tenant: text.nullable(),
  /** The path of the layer's own file, where this one holds a value that was written beside it. */
  layer: text,
  /** The name of that value; null for the layer's own file. */
  incoming: text.nullable(),
  /** The version of the file, out of its manifest. */
  version: z.int().min(1),
  /** The bytes of the file, encrypted as they were. */
  bytes: digestSchema,
  /** The signed manifest. */
  manifest: digestSchema,
});

const referenceSchema = z.strictObject({
  file: text,
  version: z.int().min(1),
  /** The beginning of the SHA-256 of the ciphertext; null where the manifest has none. */
  token: z.string().max(64).nullable(),
});

const sealedSchema = z.strictObject({
  schema: z.literal(1),
  /** Lowest layer first; beside each layer's own file what was written beside it. */
  files: z.array(fileSchema).max(10_000),
  /** Which version of each secret counts, by name. */
  secrets: z.record(text, referenceSchema),
  /** What is referred to and was not there. */
  missing: z.array(text).max(100_000),
});

/**
 * The secrets of a tenant as a release holds them: which version of each, and the secret files of that moment,
 * still encrypted. Whoever holds a key of a recipient can open them; the release holds none.
 */
export type SealedSecrets = z.infer<typeof sealedSchema>;

/** {@link SealedSecrets} before the files' bytes became objects. */
export interface SealedInput extends Omit<SealedSecrets, "schema" | "files"> {
  readonly files: readonly (Omit<SealedSecrets["files"][number], "bytes" | "manifest"> & {
    readonly bytes: Uint8Array;
    readonly manifest: string;
  })[];
}

/** Keeps secret files, and returns the digest of the object that names them. */
export async function storeSealedSecrets(objects: ObjectSink, input: SealedInput): Promise<string> {
  const files: SealedSecrets["files"] = [];
  for (const { bytes, manifest, ...rest } of input.files) {
    files.push({ ...rest, bytes: await objects.put(bytes), manifest: await objects.put(manifest) });
  }
  const { secrets, missing } = input;
  const sealed: SealedSecrets = sealedSchema.parse({ schema: 1, files, secrets, missing });
  return await objects.put(canonicalJson(sealed));
}

/** Reads what {@link storeSealedSecrets} kept. @throws LotseError `release.corrupt` */
export async function readSealedSecrets(objects: ObjectStore, digest: string): Promise<SealedSecrets> {
  return await readJsonObject(objects, digest, sealedSchema, "the list of secret versions");
}
