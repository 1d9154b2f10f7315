import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import type { Session } from "../session.ts";
import { newPerson, SecretWorkspace, type Person } from "../testing/secret-workspace.ts";
import {
  acceptVersions,
  addRecipient,
  existingLayers,
  openSecret,
  removeRecipient,
  setSecret,
  verifySecrets,
} from "./index.ts";

const scopes = ["acme", "globex"].map((tenant) => ({ environment: "prod", tenant }));
const files = scopes.map(({ tenant }) => `environments/prod/secrets/tenants/${tenant}.yml`);

describe("changing the recipients of several files", () => {
  let ada: Person;
  let bob: Person;
  let workspace: SecretWorkspace;
  let session: Session;
  beforeEach(async () => {
    ada = await newPerson("ada");
    bob = await newPerson("bob");
    workspace = await SecretWorkspace.make([ada]);
    session = workspace.session(ada);
  });
  afterEach(() => workspace.dispose());

  async function fill(recipients: readonly Person[]): Promise<void> {
    for (const [index, scope] of scopes.entries()) {
      const rule = recipients[index]?.recipient ?? "";
      workspace.write(".sops.yaml", `creation_rules:\n  - age: ${rule}\n`);
      await acceptVersions(session, [".sops.yaml"]);
      await setSecret(session, scope, "key", new Sensitive(`of ${scope.tenant}`));
    }
  }

  async function entries(): Promise<readonly (readonly [string | null, string | null, string | null])[]> {
    const log = await session.log.open();
    const found: (readonly [string | null, string | null, string | null])[] = [];
    for await (const entry of log.list({ action: "secret.rekey", first: "oldest" })) {
      found.push([entry.object, entry.outcome, entry.version]);
    }
    return found;
  }

  it("records an intent of each before, and what came of each with its version", async () => {
    await fill([ada, ada]);
    const reported: string[] = [];
    const layers = await existingLayers(session, []);
    const added = await addRecipient(session, layers, bob.recipient, (file) => reported.push(file));
    expect(added.files.map(({ file, version }) => [file, version])).toEqual(files.map((file) => [file, 2]));
    expect(reported).toEqual(files);
    expect(await entries()).toEqual([
      ...files.map((file) => [file, "intent", null]),
      ...files.map((file) => [file, "success", "2"]),
    ]);
    for (const scope of scopes) {
      const { value } = await openSecret(workspace.session(bob), scope, "key");
      expect(value.reveal()).toBe(`of ${scope.tenant}`);
    }
  });

  it("changes none where one cannot be changed, and records that", async () => {
    await fill([ada, bob]);
    const before = files.map((file) => workspace.read(file));
    const layers = await existingLayers(session, []);
    await expect(addRecipient(session, layers, bob.recipient)).rejects.toMatchObject({
      code: "secret.no-key",
    });
    expect(files.map((file) => workspace.read(file))).toEqual(before);
    expect(await entries()).toEqual([
      ...files.map((file) => [file, "intent", null]),
      ...files.map((file) => [file, "failure", null]),
    ]);
  });

  it("leaves alone who does not have the recipient, and plans what the others are to make anew", async () => {
    await fill([ada, ada]);
    const [first, second] = await existingLayers(session, []);
    if (first === undefined || second === undefined) throw new Error("no files");
    await addRecipient(session, [first], bob.recipient);
    const untouched = workspace.read(second.file);
    const removed = await removeRecipient(session, [first, second], bob.recipient, "bob");
    expect(removed.files.map(({ file }) => file)).toEqual([first.file]);
    expect(removed.rotation).toMatchObject([{ name: "key", tenant: "acme", readAt: null }]);
    expect(workspace.read(second.file)).toBe(untouched);
  });

  it("keeps the plan until it was shown, also of what an interrupted call has done", async () => {
    await fill([ada, ada]);
    const layers = await existingLayers(session, []);
    await addRecipient(session, layers, bob.recipient);
    await openSecret(workspace.session(bob), { environment: "prod", tenant: "globex" }, "key");
    const first = await removeRecipient(session, layers.slice(0, 1), bob.recipient, "bob");
    expect(first.rotation.map(({ tenant }) => tenant)).toEqual(["acme"]);
    const directory = workspace.path(".lotse/secrets/rotation");
    const [name = ""] = readdirSync(directory);
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, name), "utf8")).not.toMatch(/of acme|ENC\[/u);
    expect((await verifySecrets(session, [])).notes).toMatchObject([
      { code: "secret.interrupted", message: expect.stringContaining(bob.recipient) as string },
      { code: "secret.rules", where: { file: files[1] } },
    ]);
    // In another process, and without saying again whose reads count.
    const later = workspace.session(ada);
    const second = await removeRecipient(later, layers, bob.recipient, undefined);
    expect(second.files.map(({ file }) => file)).toEqual(files.slice(1));
    expect(second.rotation).toMatchObject([
      { tenant: "globex", readAt: expect.any(String) as string },
      { tenant: "acme", readAt: null },
    ]);
    await second.close();
    expect(readdirSync(directory)).toEqual([]);
    const third = await removeRecipient(later, layers, bob.recipient, undefined);
    expect(third).toMatchObject({ files: [], rotation: [] });
  });
});
