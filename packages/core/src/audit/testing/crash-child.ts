// Announces a change, makes it, reports it, again and again, until it is killed. A change is a file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditedChange } from "../../kernel/index.ts";
import { openAuditLog } from "../log/audit-log.ts";
import { fileWitness } from "../witness/file-witness.ts";
import { event } from "./fixtures.ts";

const [root = "", name = "", together = "1", limit = "Infinity"] = process.argv.slice(2);
const log = openAuditLog({
  directory: join(root, "log"),
  name: "crash",
  witnesses: [fileWitness({ directory: join(root, "elsewhere") })],
  files: { snapshotEvery: 7 },
});

async function changes(line: number): Promise<void> {
  for (let at = 0; at < Number(limit); at++) {
    const object = `${name}-${line}-${at}`;
    const personal = { subject: name, values: { address: object } };
    await auditedChange(log, { ...event(object, { request: object, personal }) }, () => {
      writeFileSync(join(root, "changes", object), "");
      process.stdout.write(".");
      return Promise.resolve();
    });
  }
}

process.stdout.write(".");
await Promise.all(Array.from({ length: Number(together) }, (_, line) => changes(line)));
await log.close();
