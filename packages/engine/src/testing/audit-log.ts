import { join } from "node:path";
import { fileWitness, openAuditLog, type AuditLog, type AuditStore } from "@lotse/core/audit";

/** The audit log of the workers of a test: its key and its witness are kept beside their world. */
export function auditLogOf(world: string, store: AuditStore): AuditLog {
  return openAuditLog({
    directory: join(world, "audit"),
    name: "test",
    store,
    witnesses: [fileWitness({ directory: join(world, "witness") })],
  });
}
