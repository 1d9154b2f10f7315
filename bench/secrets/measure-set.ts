// Sets one secret of a large file and compares the file before and after, in a process of its own:
// node --conditions=lotse-source measure-set.ts WORKSPACE_AS_JSON VALUES
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setSecret } from "@lotse/core/app";
import { Sensitive } from "@lotse/core/kernel";
import { measure } from "./measured.ts";
import { fileOf, tenantsOf, type BenchWorkspace } from "./tree.ts";
import { itemsOf } from "./workload.ts";
import { sessionIn } from "./workspace.ts";

const [text = "", values = ""] = process.argv.slice(2);
const workspace = JSON.parse(text) as BenchWorkspace;
const [tenant = ""] = tenantsOf(1);
const path = join(workspace.directory, fileOf(tenant));
const items = itemsOf(Number(values), tenant);
const chosen = items[Math.floor(items.length / 2)]?.path.join(".") ?? "";

/** The lines of a file in which a value or its key name stands. */
function linesOf(content: string): readonly string[] {
  return content.slice(0, content.indexOf("\nsops:")).split("\n");
}

const before = readFileSync(path, "utf8");
const session = sessionIn(workspace);
const measured = await measure(
  "set one secret",
  () => setSecret(session, { environment: "prod", tenant }, chosen, new Sensitive("another value")),
  () => chosen,
);
await session.log.close();
const after = readFileSync(path, "utf8");
const old = linesOf(before);
const changed = linesOf(after).filter((line, index) => line !== old[index]);
const tail = (content: string): readonly string[] => content.slice(content.indexOf("\nsops:")).split("\n");
const oldTail = tail(before);
const changedTail = tail(after).filter((line, index) => line !== oldTail[index]);
const figures = {
  bytes: Buffer.byteLength(after),
  lines: old.length,
  changedValues: changed.length,
  changedBytes: Buffer.byteLength(changed.join("\n")),
  /** The MAC and the time of the change. */
  changedMetadata: changedTail.length,
};
process.stdout.write(JSON.stringify({ ...measured, figures }));
