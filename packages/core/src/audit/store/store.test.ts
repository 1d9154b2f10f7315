import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeAuditStore } from "../testing/describe-store.ts";
import { FileAuditStore } from "./file/file-store.ts";
import { MemoryAuditStore } from "./memory-store.ts";
import type { AuditStore } from "./store.ts";

describeAuditStore("memory", () => {
  const store = new MemoryAuditStore();
  return Promise.resolve({ open: () => store, dispose: () => Promise.resolve() });
});

for (const snapshotEvery of [1, 100_000]) {
  describeAuditStore(`files, a snapshot after ${snapshotEvery}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "lotse-store-"));
    const opened: AuditStore[] = [];
    return {
      open: () => {
        const store = new FileAuditStore(join(directory, "log"), { snapshotEvery });
        opened.push(store);
        return store;
      },
      dispose: async () => {
        for (const store of opened) await store.close();
        await rm(directory, { recursive: true });
      },
    };
  });
}
