// Opens a file of secrets with one contender, in a process of its own:
// node --conditions=lotse-source measure-open.ts NAME DIRECTORY
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { measure, type Measured } from "./measured.ts";
import { openFiles, readRecords } from "./open-files.ts";
import { digestOf, itemsOfYaml, type Item } from "./workload.ts";

/** Each loads what it needs and nothing else; loading does not count. */
const contenders: Readonly<Record<string, (directory: string) => Promise<Measured>>> = {
  lotse: measureLotse,
  "AES-256-GCM by node:crypto": measurePlain,
  "age-encryption, one blob": measureAgeLibrary,
  "age, one blob": measureAgeProgram,
  "sops 3.9.2": measureSops,
};

async function measureLotse(directory: string): Promise<Measured> {
  const { ageOpener, openSops } = await import("@lotse/core/secrets");
  const { Sensitive } = await import("@lotse/core/kernel");
  // Lotse loads it when it is needed first.
  await import("age-encryption");
  const identity = new Sensitive(readFileSync(join(directory, openFiles.identity), "utf8").trim());
  return await measure(
    "lotse",
    async () => {
      const bytes = readFileSync(join(directory, openFiles.sops));
      const identities = [await ageOpener(identity, "the benchmark's key")];
      return await openSops({ bytes, format: "yaml", file: openFiles.sops, identities });
    },
    ({ leaves }) =>
      digestOf(
        leaves.map(({ path, value }) => ({
          path: [String(path[0]), String(path[1])],
          text: String(value.reveal()),
        })),
      ),
  );
}

/** Each value with its own nonce and its place as additional data, in a binary file without any format. */
async function measurePlain(directory: string): Promise<Measured> {
  const { createDecipheriv, createSecretKey } = await import("node:crypto");
  return await measure(
    "AES-256-GCM by node:crypto",
    () => {
      const key = createSecretKey(readFileSync(join(directory, openFiles.plainKey)));
      const items: Item[] = [];
      for (const { path, nonce, tag, data } of readRecords(readFileSync(join(directory, openFiles.plain)))) {
        const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
        decipher.setAAD(Buffer.from(path));
        decipher.setAuthTag(tag);
        const text = decipher.update(data, undefined, "utf8") + decipher.final("utf8");
        const [group = "", name = ""] = path.split(":");
        items.push({ path: [group, name], text });
      }
      return items;
    },
    digestOf,
  );
}

async function measureAgeLibrary(directory: string): Promise<Measured> {
  const { Decrypter } = await import("age-encryption");
  const identity = readFileSync(join(directory, openFiles.identity), "utf8").trim();
  return await measure(
    "age-encryption, one blob",
    async () => {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      return itemsOfYaml(await decrypter.decrypt(readFileSync(join(directory, openFiles.age)), "text"));
    },
    digestOf,
  );
}

async function measureAgeProgram(directory: string): Promise<Measured> {
  const { execFileSync } = await import("node:child_process");
  const args = ["-d", "-i", join(directory, openFiles.identity), join(directory, openFiles.age)];
  return await measure(
    "age, one blob",
    () => itemsOfYaml(execFileSync("age", args, { encoding: "utf8", maxBuffer: 1 << 28 })),
    digestOf,
  );
}

/**
 * sops's own library, in the program that the tests check Lotse with. That program talks to services around it;
 * what it takes for a file with one value is taken off, so that the opening is left.
 */
async function measureSops(directory: string): Promise<Measured> {
  const { startRealSops } = await import("../../packages/core/src/secrets/sops/testing/real-sops.ts");
  const identity = readFileSync(join(directory, openFiles.identity), "utf8").trim();
  const sops = await startRealSops({ SOPS_AGE_KEY: identity });
  try {
    const open = async (file: string): Promise<string> => {
      const answer = await sops.decrypt(readFileSync(join(directory, file)), "yaml");
      if (!answer.ok) throw new Error(`sops: ${answer.reason}`);
      return answer.stored;
    };
    await open(openFiles.single);
    const started = performance.now();
    await open(openFiles.single);
    const around = performance.now() - started;
    const measured = await measure(
      "sops 3.9.2",
      () => open(openFiles.sops),
      (text) => digestOf(itemsOfYaml(text)),
    );
    return { ...measured, wallMs: measured.wallMs - around, cpuMs: Number.NaN, peakMegabytes: Number.NaN };
  } finally {
    await sops.close();
  }
}

const [name = "", directory = ""] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new Error(`no contender ${name}`);
process.stdout.write(JSON.stringify(await contender(directory)));
