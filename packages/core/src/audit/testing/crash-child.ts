// Announces a change, makes it, reports it, again and again, until it is killed; beside it, records a read and
// gives out what was read. A change, and what was given out, is a file: node crash-child.ts ROOT NAME CHANGING
// READING [LIMIT], the third and fourth being how many do so at once.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditedChange } from "../../kernel/index.ts";
import { openAuditLog } from "../log/audit-log.ts";
import { fileWitness } from "../witness/file-witness.ts";
import { event } from "./fixtures.ts";

const [root = "", name = "", changing = "1", reading = "0", limit = "Infinity"] = process.argv.slice(2);
const log = openAuditLog({
  directory: join(root, "log"),
  name: "crash",
  witnesses: [fileWitness({ directory: join(root, "elsewhere") })],
  files: { snapshotEvery: 7 },
  // So that some die while what was read is on its way to the disk.
  groupCommitMs: 3,
});

async function changes(line: number): Promise<void> {
  for (let at = 0; at < Number(limit); at++) {
    const object = `${name}-${line}-${at}`;
    const personal = { subject: name, values: { address: object } };
    await auditedChange(log, { ...event(object, { request: object, personal }) }, () => {
      takeEffect("changes", object);
      return Promise.resolve();
    });
  }
}

async function reads(line: number): Promise<void> {
  for (let at = 0; at < Number(limit); at++) {
    const object = `${name}-read-${line}-${at}`;
    await log.append(event(object), { durability: "process" });
    takeEffect("given", object);
  }
}

function takeEffect(kind: string, object: string): void {
  writeFileSync(join(root, kind, object), "");
  process.stdout.write(".");
}

process.stdout.write(".");
await Promise.all([
  ...Array.from({ length: Number(changing) }, (_, line) => changes(line)),
  ...Array.from({ length: Number(reading) }, (_, line) => reads(line)),
]);
await log.close();
