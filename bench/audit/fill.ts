// Makes a log of many entries, without waiting for the disk: node fill.ts NAME DIRECTORY ENTRIES
import { contenders } from "./contenders/contender.ts";
import { eventAt } from "./workload.ts";

const [name = "", directory = "", entries = "0"] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new Error(`no contender ${name}`);
const log = await contender.open(directory, "never");
const together = 4096;
for (let from = 0; from < Number(entries); from += together) {
  const count = Math.min(together, Number(entries) - from);
  await Promise.all(Array.from({ length: count }, (_, at) => log.append(eventAt(from + at))));
}
await log.close();
