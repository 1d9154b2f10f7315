import { spawn } from "node:child_process";
import { copyFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive, systemClock, systemExec } from "../../kernel/index.ts";
import { newPerson, SecretWorkspace, type Person } from "../testing/secret-workspace.ts";
import {
  addRecipient,
  decryptFile,
  existingLayers,
  openSecret,
  removeRecipient,
  setSecret,
  verifySecrets,
} from "./index.ts";

const acme = { environment: "prod", tenant: "acme" };
const file = "environments/prod/secrets/tenants/acme.yml";
const child = fileURLToPath(new URL("../testing/secrets-child.ts", import.meta.url));
const rounds = 6;

describe("kill -9 in the middle", () => {
  let ada: Person;
  let workspace: SecretWorkspace;
  beforeEach(async () => {
    ada = await newPerson("ada");
    workspace = await SecretWorkspace.make([ada]);
    const session = workspace.session(ada);
    await setSecret(session, acme, "n", new Sensitive("0"));
    await setSecret(session, acme, "edited", new Sensitive("0"));
    await setSecret(session, acme, "stays", new Sensitive("for ever"));
    copyFileSync(workspace.path(file), workspace.path("merged.yml"));
    await setSecret(session, acme, "theirs", new Sensitive("theirs"));
    copyFileSync(workspace.path(file), workspace.path("theirs.yml"));
  });
  afterEach(() => workspace.dispose());

  it("of remove-recipient, after the files and before the plan, loses nothing of the plan", async () => {
    const bob = await newPerson("bob");
    const session = workspace.session(ada);
    await setSecret(session, { environment: "prod", tenant: "globex" }, "other", new Sensitive("1"));
    const layers = await existingLayers(session, []);
    await addRecipient(session, layers, bob.recipient);
    // It ends itself as soon as the first file is told to be done.
    const args = ["--conditions=lotse-source", child, "remove", workspace.directory, bob.recipient];
    const env = { ...process.env, ...session.variables };
    const worker = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env });
    const signal = await new Promise((resolve) => worker.once("close", (_, name) => resolve(name)));
    expect(signal).toBe("SIGKILL");
    const again = await removeRecipient(workspace.session(ada), layers, bob.recipient, undefined);
    expect(again.files).toEqual([]);
    expect(again.rotation.map(({ tenant, name }) => `${tenant}: ${name}`).sort()).toEqual([
      "acme: edited",
      "acme: n",
      "acme: stays",
      "acme: theirs",
      "globex: other",
    ]);
  }, 60_000);

  /** Starts the operation, waits until it has worked once, and kills it at some moment after. */
  async function killDuring(operation: string, afterMs: number): Promise<void> {
    const env = { ...process.env, ...workspace.session(ada).variables };
    const worker = spawn(
      process.execPath,
      ["--conditions=lotse-source", child, operation, workspace.directory],
      { stdio: ["ignore", "pipe", "inherit"], env },
    );
    const ended = new Promise((resolve) => worker.once("close", resolve));
    await Promise.race([
      new Promise((resolve) => worker.stdout.once("data", resolve)),
      ended.then(() => {
        throw new Error(`${operation} ended by itself`);
      }),
    ]);
    await systemClock.sleep(afterMs);
    worker.kill("SIGKILL");
    await ended.catch(() => undefined);
  }

  it.each(["set", "rekey", "edit", "merge"])(
    "of %s leaves a file that opens and verifies",
    async (operation) => {
      for (let round = 0; round < rounds; round++) {
        await killDuring(operation, round * 17);
        const session = workspace.session(ada);
        const tools = { variables: session.variables, exec: systemExec, clock: systemClock };
        // Also for sops, which knows nothing of manifests and journals.
        const names = operation === "merge" ? [file, "merged.yml"] : [file];
        for (const name of names) {
          const plain = Buffer.from((await decryptFile(tools, workspace.path(name))).reveal()).toString(
            "utf8",
          );
          expect(plain).toMatch(/^stays: "?for ever"?$/mu);
        }
        expect((await openSecret(session, acme, "stays")).value.reveal()).toBe("for ever");
        expect((await verifySecrets(session, [file])).files).toMatchObject([{ problem: null, opened: true }]);
      }
      const log = await workspace.session(ada).log.open();
      expect((await log.verify()).ok).toBe(true);
      const left = readdirSync("/dev/shm").filter((name) => name.startsWith("lotse-edit"));
      if (operation === "edit") expect(left.length).toBeLessThanOrEqual(1);
    },
    180_000,
  );
});
