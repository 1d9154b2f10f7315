import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLotseError, Sensitive } from "../../kernel/index.ts";
import { encryptSops } from "../../secrets/sops/index.ts";
import { makeManifest } from "../../secrets/store/index.ts";
import { newPerson, SecretWorkspace, withoutKey, type Person } from "../testing/secret-workspace.ts";
import type { Release, ReleaseStore } from "../../release/index.ts";
import { openSession, type Session } from "../session.ts";
import {
  acceptVersions,
  editSecrets,
  existingLayers,
  listSecrets,
  openSecret,
  rememberKnown,
  removeRecipient,
  rekeyFiles,
  setSecret,
  signingKeyOf,
  verifySecrets,
} from "./index.ts";
import { secretsForRelease } from "./deploy.ts";

const acme = { environment: "prod", tenant: "acme" };
const fileOfAcme = "environments/prod/secrets/tenants/acme.yml";
const secret = (text: string): Sensitive<string> => new Sensitive(text);

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (isLotseError(error)) return error.code;
    throw error;
  }
  return "good";
}

describe("attacks on a workspace's secrets", () => {
  let ada: Person;
  let workspace: SecretWorkspace;
  let session: Session;
  const start = async (lotseYml = ""): Promise<void> => {
    ada = await newPerson("ada");
    workspace = await SecretWorkspace.make([ada], lotseYml);
    session = workspace.session(ada);
  };
  beforeEach(() => start());
  afterEach(() => workspace.dispose());
  const read = async (name: string, by = workspace.session(ada)): Promise<string> =>
    (await openSecret(by, acme, name)).value.reveal();

  it.each(["constructor", "toString", "hasOwnProperty", "valueOf.x"])(
    "the name %s, which every object has, is one as any other",
    async (name) => {
      expect((await setSecret(session, acme, name, secret("1"))).version).toBe(1);
      expect((await setSecret(session, acme, name, secret("2"))).version).toBe(2);
      expect(await read(name)).toBe("2");
      await setSecret(workspace.session(withoutKey(ada)), acme, name, secret("3"));
      expect(await read(name)).toBe("3");
      expect(await listSecrets(session, acme)).toMatchObject([{ name, version: 3 }]);
    },
  );

  it("the name __proto__ is refused, and nothing is broken by it", async () => {
    await setSecret(session, acme, "a", secret("1"));
    for (const name of ["__proto__", "a.__proto__"]) {
      expect(await codeOf(setSecret(session, acme, name, secret("1")))).toBe("secret.name");
    }
    expect(await read("a")).toBe("1");
  });

  it("a journal in the repository writes nothing outside the workspace", async () => {
    await setSecret(session, acme, "a", secret("1"));
    const target = join(workspace.root, "home/ada/.ssh/authorized_keys");
    const content = Buffer.from("evil").toString("base64");
    const journal = { schema: 1, files: [{ path: target, before: "none", content }] };
    writeFileSync(workspace.path(".lotse/secrets/journal.json"), JSON.stringify(journal));
    expect(await codeOf(setSecret(workspace.session(ada), acme, "a", secret("2")))).toBe("file.outside");
    expect(existsSync(target)).toBe(false);
  });

  it("a file beside another stands for its own name only, whoever signed it", async () => {
    await setSecret(session, acme, "a", secret("right"));
    const beside = fileOfAcme.replace(".yml", ".incoming/b.yml");
    const bytes = await encryptSops({
      bytes: Buffer.from("a: forged\n"),
      format: "yaml",
      file: beside,
      recipients: { recipients: [ada.recipient] },
      clock: () => new Date(),
      randomBytes,
    });
    const manifest = makeManifest({
      workspace: "shop",
      layer: { file: fileOfAcme, ...acme },
      file: beside,
      incoming: "b",
      format: "yaml",
      bytes,
      before: null,
      who: "user:bob",
      now: new Date(),
      key: await signingKeyOf(session.variables),
    });
    workspace.write(beside, Buffer.from(bytes).toString("utf8"));
    workspace.write(`${beside}.manifest.json`, JSON.stringify(manifest));
    expect(await codeOf(read("a"))).toBe("secret.manifest");
  });

  it("a tenant's file that was removed is missed, until that is accepted", async () => {
    await setSecret(session, { environment: "prod" }, "a", secret("for all"));
    await setSecret(session, acme, "a", secret("own"));
    for (const ending of ["", ".manifest.json"]) rmSync(workspace.path(fileOfAcme + ending));
    const report = await verifySecrets(workspace.session(ada), []);
    expect(report.ok).toBe(false);
    expect(report.files).toContainEqual(expect.objectContaining({ file: fileOfAcme, version: null }));
    expect(await acceptVersions(session, [fileOfAcme])).toBe(1);
    expect((await verifySecrets(session, [])).ok).toBe(true);
    expect((await setSecret(session, acme, "a", secret("new"))).version).toBe(1);
  });

  it("the environment's value does not stand in for a tenant's file that was removed", async () => {
    await setSecret(session, { environment: "prod" }, "a", secret("for all"));
    await setSecret(session, acme, "a", secret("for acme"));
    for (const ending of ["", ".manifest.json"]) rmSync(workspace.path(fileOfAcme + ending));
    expect(await codeOf(read("a"))).toBe("secret.manifest");
    await acceptVersions(session, [fileOfAcme]);
    expect(await read("a")).toBe("for all");
  });

  it("a value that was written blindly does not go away unnoticed", async () => {
    await setSecret(session, acme, "a", secret("old"));
    await setSecret(workspace.session(withoutKey(ada)), acme, "a", secret("new"));
    rmSync(workspace.path("environments/prod/secrets/tenants/acme.incoming"), { recursive: true });
    expect(await codeOf(read("a"))).toBe("secret.manifest");
    expect((await verifySecrets(workspace.session(ada), [])).ok).toBe(false);
    await acceptVersions(session, [fileOfAcme]);
    expect(await read("a")).toBe("old");
  });

  it("a list of signers that is gone does not open the door for other keys", async () => {
    const { publicKey } = await signingKeyOf(session.variables);
    const without = workspace.read("lotse.yml");
    workspace.write("lotse.yml", `${without}secrets:\n  signers: [{ name: ada, key: "${publicKey}" }]\n`);
    await setSecret(workspace.session(ada), acme, "a", secret("1"));
    expect(await read("a")).toBe("1");
    workspace.write("lotse.yml", without);
    // Mallory works elsewhere: what this working copy has seen stays as it is.
    const seen = workspace.path(".lotse/secrets/seen");
    cpSync(seen, join(workspace.root, "seen"), { recursive: true });
    rmSync(seen, { recursive: true });
    await setSecret(workspace.session({ ...ada, name: "mallory" }), acme, "a", secret("evil"));
    rmSync(seen, { recursive: true });
    cpSync(join(workspace.root, "seen"), seen, { recursive: true });
    expect(await codeOf(read("a"))).toBe("secret.signature");
  });

  it("a .lotse that is a link is not used", async () => {
    const elsewhere = join(workspace.root, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o755 });
    rmSync(join(workspace.directory, ".lotse"), { recursive: true, force: true });
    symlinkSync(elsewhere, join(workspace.directory, ".lotse"));
    expect(await codeOf(setSecret(workspace.session(ada), acme, "a", secret("1")))).toBe("file.outside");
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it("a tenant by the name of default gets its own secrets, not the environment's", async () => {
    workspace.write("environments/tenants/default.yml", "tenant: { id: default }\n");
    const scope = { environment: "prod", tenant: "default" };
    await setSecret(session, { environment: "prod" }, "a", secret("the environment's"));
    await setSecret(session, scope, "a", secret("its own"));
    const secretsOf = () => Promise.resolve({ KEY: [{ kind: "secret", path: "a" }] });
    const releases = { secretsOf } as unknown as ReleaseStore;
    const opened = await secretsForRelease(workspace.session(ada), releases, {} as Release, scope);
    expect(opened["KEY"]?.reveal()).toBe("its own");
  });

  it("a second way to the workspace leads to the same witness", async () => {
    const link = join(workspace.root, "link");
    symlinkSync(workspace.directory, link);
    await setSecret(session, acme, "a", secret("1"));
    const other = openSession({ directory: link, variables: session.variables });
    await openSecret(other, acme, "a");
    await other.log.close();
    expect(readdirSync(join(workspace.root, "state/lotse/witness"))).toHaveLength(1);
  });

  it("a damaged memory of versions lets nothing pass, until the version is accepted", async () => {
    await setSecret(session, acme, "a", secret("1"));
    const seen = workspace.path(".lotse/secrets/seen");
    for (const name of readdirSync(seen)) writeFileSync(join(seen, name), "");
    expect(await codeOf(read("a"))).toBe("secret.manifest");
    expect((await verifySecrets(session, [])).ok).toBe(false);
  });

  it("a damaged index of known values is made anew", async () => {
    await setSecret(session, acme, "a", secret("a long enough value"));
    writeFileSync(workspace.path(".lotse/secrets/known.json"), "garbage");
    await rememberKnown(session);
    expect(JSON.parse(workspace.read(".lotse/secrets/known.json"))).toHaveProperty("entries");
  });

  it("variables that a pipeline leaves empty stop nothing", async () => {
    const empty = { LOTSE_ACTOR: "", LOTSE_CORRELATION_ID: "", GITHUB_RUN_ID: "" };
    await setSecret(workspace.session(ada, empty), acme, "a", secret("1"));
    expect(await read("a", workspace.session(ada, { ...empty, GITHUB_RUN_ID: "" }))).toBe("1");
  });

  it("a text that cannot be written after editing is handed back, and the log tells of it", async () => {
    await setSecret(session, acme, "a", secret("1"));
    const editor = join(workspace.root, "editor.sh");
    writeFileSync(editor, '#!/bin/sh\nprintf "a: typed\\n__proto__: x\\n" > "$1"\n', { mode: 0o700 });
    const edited = await editSecrets(
      workspace.session(ada, { EDITOR: editor, PATH: process.env["PATH"] ?? "" }),
      { file: fileOfAcme, ...acme },
      { prompt: { onMistake: () => Promise.resolve("give-up") }, allowDisk: true },
    );
    expect(edited).toMatchObject({ outcome: "given-up", version: null });
    expect(edited.refusal?.code).toBe("secret.unrepresentable");
    expect(Buffer.from(edited.text?.reveal() ?? []).toString("utf8")).toContain("a: typed");
    expect(await read("a")).toBe("1");
    const log = await session.log.open();
    const outcomes: (string | null)[] = [];
    for await (const { outcome } of log.list({ action: "secret.edit" })) outcomes.push(outcome);
    expect(outcomes).toEqual(["failure", "intent"]);
  });

  it("whoever edited or decrypted a file has read all of it", async () => {
    const bob = await newPerson("bob");
    workspace.write(".sops.yaml", `creation_rules:\n  - age: ${ada.recipient},${bob.recipient}\n`);
    await setSecret(session, acme, "a", secret("1"));
    await setSecret(session, acme, "b", secret("1"));
    const his = workspace.session(bob);
    await his.recorder.read({ action: "secret.decrypt", object: fileOfAcme, scope: acme });
    const { rotation } = await removeRecipient(
      session,
      await existingLayers(session, []),
      bob.recipient,
      "bob",
    );
    expect(rotation.map(({ name, readAt }) => [name, readAt !== null])).toEqual([
      ["a", true],
      ["b", true],
    ]);
  });

  describe("in a .env file", () => {
    const file = "environments/prod/secrets/acme.env";
    beforeEach(async () => {
      await workspace.dispose();
      await start('secrets:\n  layers: ["{env}/secrets/{tenant}.env"]\n');
    });

    it("a blind value that was taken in does not come back", async () => {
      await setSecret(session, acme, "spotify.api_key", secret("old"));
      const blind = workspace.session(withoutKey(ada));
      await setSecret(blind, acme, "spotify.api_key", secret("blind"));
      expect(await read("spotify.api_key")).toBe("blind");
      const beside = file.replace(".env", ".incoming");
      const kept = join(workspace.root, "kept");
      mkdirSync(kept);
      cpSync(workspace.path(beside), kept, { recursive: true });
      await rekeyFiles(session, await existingLayers(session, []), true);
      cpSync(kept, workspace.path(beside), { recursive: true });
      expect(await codeOf(read("spotify.api_key"))).toBe("secret.manifest");
      rmSync(workspace.path(beside), { recursive: true });
      expect(await read("spotify.api_key")).toBe("blind");
    });

    it("setting a value that was written blindly replaces it, by whoever sets it", async () => {
      await setSecret(session, acme, "spotify.api_key", secret("old"));
      await setSecret(
        workspace.session(withoutKey({ ...ada, name: "bob" })),
        acme,
        "spotify.api_key",
        secret("2"),
      );
      const set = await setSecret(session, acme, "spotify.api_key", secret("3"));
      expect(set).toMatchObject({ version: 3, takenIn: [] });
      expect(await listSecrets(session, acme)).toMatchObject([
        { name: "SPOTIFY_API_KEY", version: 3, changedBy: "user:ada" },
      ]);
    });

    it("what was read is in the plan by the name that the file has for it", async () => {
      const bob = await newPerson("bob");
      workspace.write(".sops.yaml", `creation_rules:\n  - age: ${ada.recipient},${bob.recipient}\n`);
      await setSecret(session, acme, "spotify.api_key", secret("1"));
      await openSecret(workspace.session(bob), acme, "spotify.api_key");
      const layers = await existingLayers(session, []);
      const { rotation } = await removeRecipient(session, layers, bob.recipient, "bob");
      expect(rotation).toMatchObject([{ name: "SPOTIFY_API_KEY", readAt: expect.any(String) as string }]);
    });
  });
});
