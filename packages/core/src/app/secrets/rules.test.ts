import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLotseError, Sensitive, systemExec } from "../../kernel/index.ts";
import { newPerson, SecretWorkspace, type Person } from "../testing/secret-workspace.ts";
import type { Session } from "../session.ts";
import {
  acceptVersions,
  changeCreationRules,
  editSecrets,
  encryptFile,
  existingLayers,
  rekeyFiles,
  rulesFile,
  rulesRecordFile,
  setSecret,
  signingKeyOf,
  verifySecrets,
} from "./index.ts";

const acme = { environment: "prod", tenant: "acme" };
const globex = { environment: "prod", tenant: "globex" };
const fileOf = (tenant: string): string => `environments/prod/secrets/tenants/${tenant}.yml`;
const value = (): Sensitive<string> => new Sensitive("x");

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (isLotseError(error)) return error.code;
    throw error;
  }
  return "good";
}

describe("who adds himself to .sops.yaml", () => {
  let ada: Person;
  let eve: Person;
  let workspace: SecretWorkspace;
  let session: Session;
  beforeEach(async () => {
    ada = await newPerson("ada");
    eve = await newPerson("eve");
    workspace = await SecretWorkspace.make([ada]);
    session = workspace.session(ada);
    await setSecret(session, acme, "key", value());
  });
  afterEach(() => workspace.dispose());

  const addEve = (): void =>
    workspace.write(rulesFile, `creation_rules:\n  - age: ${ada.recipient},${eve.recipient}\n`);
  const problemOf = async (by = session): Promise<string | undefined> =>
    (await verifySecrets(by, [])).rules?.problem?.message;
  const git = async (...args: string[]): Promise<void> => {
    const identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"];
    const { status, stderr } = await systemExec("git", ["-C", workspace.directory, ...identity, ...args]);
    expect(status, stderr).toBe(0);
  };

  const prompt = { onMistake: () => Promise.resolve("give-up" as const) };
  const uses: readonly (readonly [string, (session: Session) => Promise<unknown>])[] = [
    ["set of a new file", (by) => setSecret(by, globex, "key", value())],
    ["rekey", async (by) => await rekeyFiles(by, await existingLayers(by, []), true)],
    [
      "edit of a new file",
      async (by) => {
        const layer = { file: fileOf("globex"), ...globex };
        return await editSecrets(by, layer, { prompt, allowDisk: true });
      },
    ],
    [
      "encrypt",
      (by) => {
        const path = workspace.path(fileOf("globex"));
        workspace.write(fileOf("globex"), "a: b\n");
        return encryptFile(by, path, [], undefined, by);
      },
    ],
    [
      "another change of the rules",
      (by) => changeCreationRules(by, { what: "add", recipient: ada.recipient }),
    ],
  ];

  it.each(uses)("is noticed by %s, which changes nothing", async (_, use) => {
    addEve();
    const before = readFileSync(workspace.path(fileOf("acme")), "utf8");
    const error = await use(workspace.session(ada)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "secret.manifest",
      message: expect.stringContaining(eve.recipient) as string,
      hint: expect.stringContaining("lotse secrets verify --accept .sops.yaml") as string,
    });
    expect(readFileSync(workspace.path(fileOf("acme")), "utf8")).toBe(before);
    expect(await codeOf(setSecret(session, acme, "key", value()))).toBe("good");
  });

  it("is told by verify, and counts once somebody accepts it", async () => {
    expect((await verifySecrets(session, [])).rules).toEqual({ file: rulesFile, version: 1, problem: null });
    addEve();
    expect(await problemOf()).toContain(`${eve.recipient} would open new files`);
    expect((await verifySecrets(session, [])).ok).toBe(false);
    // A single file is not its business.
    expect(await verifySecrets(session, [fileOf("acme")])).toMatchObject({ ok: true, rules: null });
    await acceptVersions(session, [rulesFile]);
    expect(await verifySecrets(session, [])).toMatchObject({
      ok: true,
      rules: { version: 2, problem: null },
      notes: [
        { severity: "warning", message: expect.stringContaining(`is not for ${eve.recipient}`) as string },
      ],
    });
    await rekeyFiles(session, await existingLayers(session, []), false);
    expect((await verifySecrets(session, [])).notes).toEqual([]);
  });

  it("does not get by without the record, also in a fresh clone", async () => {
    await git("init", "-q");
    await git("add", "-A");
    await git("commit", "-qm", "base");
    addEve();
    rmSync(workspace.path(rulesRecordFile));
    expect(await problemOf()).toContain("has lost its record");
    rmSync(workspace.path(".lotse/secrets/seen"), { recursive: true });
    const clone = workspace.session(ada);
    expect(await problemOf(clone)).toContain("has lost its record");
    expect(await codeOf(setSecret(clone, globex, "key", value()))).toBe("secret.manifest");
    // Even where git's history does not tell, as in a shallow clone, nobody knows her.
    rmSync(workspace.path(".git"), { recursive: true });
    expect(await problemOf(workspace.session(ada))).toContain(`for: ${eve.recipient}`);
    expect(await codeOf(setSecret(workspace.session(ada), globex, "key", value()))).toBe("secret.manifest");
  });

  it("does not get by with a record that she signed herself", async () => {
    addEve();
    const hers = workspace.session(eve);
    await acceptVersions(hers, [rulesFile]);
    rmSync(workspace.path(".lotse/secrets/seen"), { recursive: true });
    // In the working copy of ada, who has seen her own.
    workspace.write(rulesFile, `creation_rules:\n  - age: ${ada.recipient}\n`);
    await acceptVersions(workspace.session(ada), [rulesFile]);
    addEve();
    const forged = JSON.parse(workspace.read(rulesRecordFile)) as { version: number };
    workspace.write(rulesRecordFile, JSON.stringify({ ...forged, version: 9 }));
    expect(await problemOf(workspace.session(ada))).toContain("signature does not fit");
  });

  it("has to be accepted where somebody else signed, and no list says who may", async () => {
    addEve();
    const memory = workspace.path(".lotse/secrets/seen");
    const kept = readFiles(memory);
    await acceptVersions(workspace.session(eve), [rulesFile]);
    writeFiles(memory, kept);
    expect(await problemOf(workspace.session(ada))).toContain("a key that does not count");
    await acceptVersions(workspace.session(ada), [rulesFile]);
    expect(await problemOf(workspace.session(ada))).toBeUndefined();
  });

  it("cannot bring older rules back", async () => {
    const kept = [rulesFile, rulesRecordFile].map((file) => [file, workspace.read(file)] as const);
    await changeCreationRules(session, { what: "add", recipient: eve.recipient });
    const after = [rulesFile, rulesRecordFile].map((file) => [file, workspace.read(file)] as const);
    await git("init", "-q");
    await git("add", "-A");
    await git("commit", "-qm", "base");
    for (const [file, text] of kept) workspace.write(file, text);
    expect(await problemOf()).toContain("version 2 was here before");
    // Unless that is meant, as after changing branches; there is nothing to sign then.
    const memory = readFiles(workspace.path(".lotse/secrets/seen"));
    await acceptVersions(session, [rulesFile]);
    expect(workspace.read(rulesRecordFile)).toBe(kept[1]?.[1]);
    writeFiles(workspace.path(".lotse/secrets/seen"), memory);
    rmSync(workspace.path(".lotse/secrets/seen"), { recursive: true });
    expect(await problemOf(workspace.session(ada))).toContain("git knows version 2");
    for (const [file, text] of after) workspace.write(file, text);
    expect(await problemOf(workspace.session(ada))).toBeUndefined();
  });
});

describe("the list of signers", () => {
  it("says who may sign the rules, and for which environments is not enough", async () => {
    const ada = await newPerson("ada");
    const workspace = await SecretWorkspace.make([ada]);
    try {
      const [first, second] = ["one", "two"].map((home) => ({
        XDG_CONFIG_HOME: workspace.path(`../${home}`),
      }));
      const keys = await Promise.all(
        [first, second].map(async (own) => (await signingKeyOf(own ?? {})).publicKey),
      );
      const list = `    - { name: all, key: "${keys[0]}" }\n    - { name: dev, key: "${keys[1]}", environments: [dev] }\n`;
      workspace.write("lotse.yml", `${workspace.read("lotse.yml")}secrets:\n  signers:\n${list}`);
      const accept = (own = {}): Promise<string> =>
        codeOf(acceptVersions(workspace.session(ada, own), [rulesFile]));
      expect(await accept(second)).toBe("secret.denied");
      expect(await accept(first)).toBe("good");
      const report = await verifySecrets(workspace.session(ada, second), []);
      expect(report.rules).toMatchObject({ version: 1, problem: null });
    } finally {
      await workspace.dispose();
    }
  });
});

function readFiles(directory: string): ReadonlyMap<string, string> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

function writeFiles(directory: string, files: ReadonlyMap<string, string>): void {
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
}
