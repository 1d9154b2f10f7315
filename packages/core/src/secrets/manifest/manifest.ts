import { z } from "zod";
import { canonicalJson, digestOf, LotseError } from "../../kernel/index.ts";
import { isSignedBy, type SigningKey } from "./signing-key.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/u);
const text = z.string().min(1).max(4096);

const valueSchema = z.strictObject({
  /** Counts from 1, one up with every new value. */
  version: z.int().min(1),
  changedAt: z.iso.datetime(),
  changedBy: z.string().max(256),
  /** The beginning of the SHA-256 of the value's ciphertext, to tell which value was changed elsewhere. */
  token: z.string().regex(/^[0-9a-f]{16}$/u),
});

const bodySchema = z.strictObject({
  schema: z.literal(1),
  workspace: text,
  /** The file's path in the workspace. */
  file: text,
  environment: text.nullable(),
  /** Null for a file of the whole environment. */
  tenant: text.nullable(),
  /** For a value that was written blindly beside a file: its name there. */
  incoming: text.nullable(),
  /** Counts from 1, one up with every change of the file. */
  version: z.int().min(1),
  /** The digest of the manifest before. */
  previous: digest.nullable(),
  /** See `structureDigest`. */
  structure: digest,
  recipients: z.array(z.string().max(8192)).max(10_000),
  values: z.record(z.string().max(4096), valueSchema),
  /** The last version of each value that was removed, so that it does not come back unnoticed. */
  removed: z.record(z.string().max(4096), z.int().min(1)).default({}),
  signedAt: z.iso.datetime(),
  signer: z.strictObject({ name: z.string().max(256), key: z.string().max(100) }),
});

const manifestSchema = z.strictObject({ ...bodySchema.shape, signature: z.string().max(200) });

/** What a manifest says; see {@link Manifest}. */
export type ManifestBody = z.infer<typeof bodySchema>;

/** When a value was made, and by whom. */
export type ValueRecord = z.infer<typeof valueSchema>;

/**
 * The signed statement beside a secret file: which file it is, whose, in which version and with which
 * structure. It holds names and dates of values, never the values.
 */
export type Manifest = z.infer<typeof manifestSchema>;

const purpose = "lotse secret manifest 1\n";
const maxBytes = 16 * 1024 * 1024;

/** Where the manifest of a secret file is. */
export function manifestPathOf(file: string): string {
  return `${file}.manifest.json`;
}

/** Signs a statement. */
export function signManifest(body: ManifestBody, key: SigningKey): Manifest {
  const signed = { ...body, signer: { ...body.signer, key: key.publicKey } };
  return { ...signed, signature: key.sign(purpose + canonicalJson(signed)) };
}

/** Whether the signature fits the content and the key that the manifest names. Says nothing of trust. */
export function isIntact(manifest: Manifest): boolean {
  const { signature, ...body } = manifest;
  return isSignedBy(manifest.signer.key, purpose + canonicalJson(body), signature);
}

/** The digest by which the next manifest names this one. */
export function manifestDigest(manifest: Manifest): string {
  return digestOf(canonicalJson(manifest));
}

/** Writes a manifest as the JSON that is committed. */
export function printManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Reads a manifest.
 *
 * @param path - for messages
 * @throws LotseError `secret.manifest` for anything that is not one
 */
export function parseManifest(content: Uint8Array, path: string): Manifest {
  if (content.length <= maxBytes) {
    try {
      const parsed = manifestSchema.safeParse(JSON.parse(Buffer.from(content).toString("utf8")));
      if (parsed.success) return parsed.data;
    } catch {
      // Told below, as the parser's message may quote the content.
    }
  }
  throw new LotseError({
    code: "secret.manifest",
    message: `${path} is not a manifest of a secret file`,
    hint: "restore it from git; after a merge, `lotse secrets sign FILE` makes a new one",
    where: { file: path },
  });
}
