// Changes the recipients of every file of a workspace with one contender, in a process of its own:
// node --conditions=lotse-source measure-recipients.ts NAME WORKSPACE_AS_JSON TENANTS
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countSyncs } from "./syncs.ts";
import { measure, type Measured } from "./measured.ts";
import { digestOf, itemsOfYaml, type Item } from "./workload.ts";
import { fileOf, tenantsOf, type BenchWorkspace } from "./tree.ts";

/** What each contender gets. */
interface Task {
  readonly workspace: BenchWorkspace;
  readonly tenants: readonly string[];
}

const contenders: Readonly<Record<string, (name: string, task: Task) => Promise<Measured>>> = {
  "lotse: add a recipient": measureLotse,
  "lotse: remove a recipient": measureLotse,
  "lotse: new data keys": measureLotse,
  "age-encryption, fsync": measureAgeLibrary,
  "age, no fsync": measureAgeProgram,
};

/** All that a user waits for: use case, locks, journal, manifests and entries in the audit log. */
async function measureLotse(name: string, task: Task): Promise<Measured> {
  const { addRecipient, existingLayers, rekeyFiles, removeRecipient } = await import("@lotse/core/app");
  const { sessionIn } = await import("./workspace.ts");
  const { workspace, tenants } = task;
  const syncs = await countSyncs();
  const session = sessionIn(workspace);
  const measured = await measure(
    name,
    async () => {
      const layers = await existingLayers(session, []);
      if (layers.length !== tenants.length) throw new Error(`${layers.length} of ${tenants.length} files`);
      if (name === "lotse: add a recipient") await addRecipient(session, layers, workspace.other);
      else if (name === "lotse: remove a recipient") {
        await removeRecipient(session, layers, workspace.other, undefined);
      } else await rekeyFiles(session, layers, true);
    },
    async () => {
      await session.log.close();
      return digestOf(await readAll(task, name === "lotse: add a recipient"));
    },
    () => ({ syncs: syncs() }),
  );
  return measured;
}

/** Checks every file against its manifest, opens it anew, and sees that the other person can, or cannot. */
async function readAll({ workspace, tenants }: Task, shared: boolean): Promise<readonly Item[]> {
  const { sessionIn } = await import("./workspace.ts");
  const { noAudit } = await import("@lotse/core/kernel");
  const { secrets } = sessionIn(workspace, noAudit);
  const items: Item[] = [];
  for (const tenant of tenants) {
    const { main } = await secrets.layer({ file: fileOf(tenant), environment: "prod", tenant });
    if (main === null) throw new Error(`${tenant} has no file any more`);
    const isRecipient = Buffer.from(main.bytes).includes(workspace.other);
    if (isRecipient !== shared) throw new Error(`${tenant} has the wrong recipients`);
    for (const { path, value } of (await secrets.document(main)).leaves) {
      items.push({ path: [String(path[0]), String(path[1])], text: String(value.reveal()) });
    }
  }
  return items;
}

/** What it takes without manifests, journal and log: open a blob, encrypt it for two, put it in place durably. */
async function measureAgeLibrary(name: string, { workspace, tenants }: Task): Promise<Measured> {
  const { Decrypter, Encrypter, identityToRecipient } = await import("age-encryption");
  const { writePrivateFile } = await import("@lotse/core/kernel");
  const own = await identityToRecipient(workspace.identity);
  const syncs = await countSyncs();
  const files = tenants.map((tenant) => join(workspace.root, "blobs", `${tenant}.age`));
  const open = async (file: string): Promise<Uint8Array> => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(workspace.identity);
    return await decrypter.decrypt(readFileSync(file));
  };
  return await measure(
    name,
    async () => {
      for (const file of files) {
        const plain = await open(file);
        const encrypter = new Encrypter();
        for (const recipient of [own, workspace.other]) encrypter.addRecipient(recipient);
        await writePrivateFile(file, await encrypter.encrypt(plain));
      }
    },
    async () => {
      const texts = await Promise.all(files.map(open));
      return digestOf(texts.flatMap((text) => itemsOfYaml(Buffer.from(text).toString("utf8"))));
    },
    () => ({ syncs: syncs() }),
  );
}

async function measureAgeProgram(name: string, { workspace, tenants }: Task): Promise<Measured> {
  const { execFileSync } = await import("node:child_process");
  const { identityToRecipient } = await import("age-encryption");
  const own = await identityToRecipient(workspace.identity);
  const key = join(workspace.root, "key.txt");
  writeFileSync(key, `${workspace.identity}\n`, { mode: 0o600 });
  const files = tenants.map((tenant) => join(workspace.root, "blobs", `${tenant}.age`));
  const open = (file: string): Buffer => execFileSync("age", ["-d", "-i", key, file]);
  return await measure(
    name,
    () => {
      for (const file of files) {
        const recipients = ["-r", own, "-r", workspace.other];
        execFileSync("age", ["-e", ...recipients, "-o", file, "-"], { input: open(file) });
      }
    },
    () => digestOf(files.flatMap((file) => itemsOfYaml(open(file).toString("utf8")))),
  );
}

const [name = "", workspace = "", tenants = ""] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new Error(`no contender ${name}`);
const task = { workspace: JSON.parse(workspace) as BenchWorkspace, tenants: tenantsOf(Number(tenants)) };
process.stdout.write(JSON.stringify(await contender(name, task)));
