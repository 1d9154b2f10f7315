import { z } from "zod";
import { readJsonObject, type ObjectStore } from "./objects.ts";

const partSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text: z.string() }),
  z.strictObject({ kind: z.literal("secret"), path: z.string().min(1), field: z.string().nullable() }),
]);

/** The schema of {@link SecretHandles}. */
const handlesSchema = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u), z.array(partSchema).min(1));

/**
 * The secret variables of a tenant's process, by name: which secrets each is made of, with the text between
 * them. It names secrets and never holds one.
 */
export type SecretHandles = Readonly<z.infer<typeof handlesSchema>>;

/** Reads the handles that a release holds. @throws LotseError `release.corrupt` */
export async function readSecretHandles(objects: ObjectStore, digest: string): Promise<SecretHandles> {
  return await readJsonObject(objects, digest, handlesSchema, "the list of secret variables");
}
