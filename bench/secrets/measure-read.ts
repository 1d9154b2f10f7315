// Reads secrets of a file that is open already, one after the other, with one contender in a process of its own:
// node --conditions=lotse-source measure-read.ts NAME WORKSPACE_AS_JSON VALUES READS
import { join } from "node:path";
import { measure, type Measured } from "./measured.ts";
import { fileOf, tenantsOf, type BenchWorkspace } from "./tree.ts";
import { digestOf, itemsOf, type Item } from "./workload.ts";

type Read = (name: string) => Promise<string>;

/** How each contender reads. */
const contenders: Readonly<Record<string, (workspace: BenchWorkspace, values: number) => Promise<Read>>> = {
  "lotse, in the audit log first": async (workspace) => await openLotse(workspace, true),
  "lotse, no audit log": async (workspace) => await openLotse(workspace, false),
  "a line of JSON and fsync, then a Map": async (workspace, values) => await openLine(workspace, values, 0),
  "a line of JSON, fsync within a second": async (workspace, values) =>
    await openLine(workspace, values, 500),
  "a Map": (_, values) => Promise.resolve(openMap(values)),
};

const [tenant = ""] = tenantsOf(1);

async function openLotse(workspace: BenchWorkspace, audited: boolean): Promise<Read> {
  const { SecretReader } = await import("@lotse/core");
  const { noAudit } = await import("@lotse/core/kernel");
  const { variablesOf } = await import("./tree.ts");
  const reader = new SecretReader({
    directory: workspace.directory,
    environment: "prod",
    tenant,
    variables: variablesOf(workspace),
    ...(audited ? {} : { audit: noAudit }),
  });
  return async (name) => (await reader.getSecret(name)).reveal();
}

function openMap(values: number): Read {
  const known = new Map(itemsOf(values, tenant).map(({ path, text }) => [path.join("."), text]));
  return (name) => Promise.resolve(known.get(name) ?? "");
}

/** What any durable log costs on this disk. @param groupMs - how long lines wait for others to be synced with */
async function openLine(workspace: BenchWorkspace, values: number, groupMs: number): Promise<Read> {
  const { open } = await import("node:fs/promises");
  const file = await open(join(workspace.root, "reads.jsonl"), "a");
  const read = openMap(values);
  let synced = performance.now();
  return async (name) => {
    await file.write(`${JSON.stringify({ action: "secret.read", object: name, file: fileOf(tenant) })}\n`);
    if (performance.now() - synced >= groupMs) {
      await file.datasync();
      synced = performance.now();
    }
    return await read(name);
  };
}

async function run(
  name: string,
  workspace: BenchWorkspace,
  values: number,
  count: number,
): Promise<Measured> {
  const open = contenders[name];
  if (open === undefined) throw new Error(`no contender ${name}`);
  const read = await open(workspace, values);
  const items = itemsOf(values, tenant);
  const itemAt = (index: number): Item => items[(index * 7919) % items.length] as Item;
  // Opens the file, and lets the compiler see the path.
  const warmup = Math.min(200, count);
  const firstStarted = performance.now();
  await read(itemAt(0).path.join("."));
  const firstMs = performance.now() - firstStarted;
  for (let index = 1; index < warmup; index++) await read(itemAt(index).path.join("."));
  const micros = new Float64Array(count);
  return await measure(
    name,
    async () => {
      const found: Item[] = [];
      for (let index = 0; index < count; index++) {
        const { path } = itemAt(index);
        const started = performance.now();
        const text = await read(path.join("."));
        micros[index] = (performance.now() - started) * 1000;
        found.push({ path, text });
      }
      return found;
    },
    digestOf,
    () => {
      const sorted = micros.toSorted();
      const at = (share: number): number => sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0;
      return { firstMs, p50: at(0.5), p99: at(0.99) };
    },
  );
}

const [name = "", workspace = "", values = "", count = ""] = process.argv.slice(2);
const measured = await run(name, JSON.parse(workspace) as BenchWorkspace, Number(values), Number(count));
process.stdout.write(JSON.stringify(measured));
