import { join } from "node:path";
import { fileWitness, openAuditLog, type AuditLog } from "../../../packages/core/src/audit/index.ts";
import type { Contender, Sync } from "./contender.ts";

/** The log with its default witness, as commands use it. */
export function openLotse(directory: string, sync: Sync = "each"): AuditLog {
  return openAuditLog({
    directory: join(directory, "log"),
    name: "bench",
    witnesses: [fileWitness({ directory: join(directory, "witness") })],
    files: { sync: sync !== "never" },
  });
}

export const lotse: Contender = {
  open: (directory, sync) => {
    const log = openLotse(directory, sync);
    return Promise.resolve({
      append: async (event) => {
        await log.append(event, { durability: sync === "group" ? "process" : "disk" });
      },
      close: () => log.close(),
    });
  },
  verify: async (directory) => {
    const report = await openLotse(directory).verify();
    if (!report.ok) throw new Error(report.reason ?? "");
    return report.size;
  },
};
