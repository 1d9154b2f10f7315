import { readlinkSync } from "node:fs";
import { z } from "zod";
import { identify, processIdentitySchema } from "../../kernel/index.ts";

/** The file in a private directory that says whose it is. */
export const ownerFile = "owner.json";

/** What {@link ownerFile} holds. */
export const ownerSchema = z.strictObject({
  process: processIdentitySchema,
  /** The Linux namespace that the process number counts in; null elsewhere. */
  namespace: z.string().max(100).nullable(),
});

/** The type of {@link ownerSchema}. */
export type PlaceOwner = z.infer<typeof ownerSchema>;

/** Who this process is. */
export async function ownIdentity(): Promise<PlaceOwner> {
  const identity = await identify(process.pid);
  return { process: identity ?? { pid: process.pid, started: null }, namespace: pidNamespace() };
}

/** The namespace that process numbers count in, as containers may share `/dev/shm`; null where there is none. */
export function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}
