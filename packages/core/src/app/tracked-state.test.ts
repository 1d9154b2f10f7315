import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive, systemExec, type Exec } from "../kernel/index.ts";
import { examineMachine } from "./doctor.ts";
import { ignoreState } from "./ignore.ts";
import { listSecrets, openSecret, setSecret, verifySecrets } from "./secrets/index.ts";
import { newPerson, SecretWorkspace, type Person } from "./testing/secret-workspace.ts";

const acme = { environment: "prod", tenant: "acme" };

describe("a .lotse that came with the repository", () => {
  let ada: Person;
  let workspace: SecretWorkspace;
  beforeEach(async () => {
    ada = await newPerson("ada");
    workspace = await SecretWorkspace.make([ada]);
    await setSecret(workspace.session(ada), acme, "a", new Sensitive("1"));
  });
  afterEach(() => workspace.dispose());

  const git = async (...args: string[]): Promise<void> => {
    expect((await systemExec("git", ["-C", workspace.directory, ...args])).status).toBe(0);
  };
  const refusal = { code: "file.outside", message: expect.stringContaining("git tracks") as string };

  it("is not believed: nothing is read or written", async () => {
    await git("init", "-q");
    await git("add", "-f", ".lotse/secrets/seen");
    const session = workspace.session(ada);
    const acts = [
      () => openSecret(session, acme, "a"),
      () => setSecret(session, acme, "a", new Sensitive("2")),
      () => listSecrets(session, acme),
      () => session.fingerprints(),
    ];
    for (const act of acts) await expect(act()).rejects.toMatchObject(refusal);
    expect((await verifySecrets(session, [])).ok).toBe(false);
    expect(await examineMachine(workspace.directory, systemExec)).toContainEqual(
      expect.objectContaining({ name: "state", status: "missing" }),
    );
    await git("rm", "-rq", "--cached", ".lotse");
    expect((await openSecret(workspace.session(ada), acme, "a")).value.reveal()).toBe("1");
  });

  it("is a workspace below the repository's root, too", async () => {
    expect((await systemExec("git", ["-C", workspace.root, "init", "-q"])).status).toBe(0);
    await git("add", "-f", ".lotse/secrets/fingerprint.key");
    await expect(openSecret(workspace.session(ada), acme, "a")).rejects.toMatchObject(refusal);
  });

  it("is asked about once, and in a repository only", async () => {
    const calls: string[] = [];
    const exec: Exec = (program, args, options) => {
      calls.push([program, ...args].join(" "));
      return systemExec(program, args, options);
    };
    const read = async (): Promise<void> => {
      const session = workspace.session(ada, {}, exec);
      for (let round = 0; round < 3; round++) await openSecret(session, acme, "a");
    };
    await read();
    expect(calls).toEqual([]);
    await git("init", "-q");
    await read();
    expect(calls).toEqual([expect.stringContaining("ls-files")]);
  });
});

describe("a line for .lotse in .gitignore", () => {
  let directory: string;
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "lotse-ignore-"))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const path = (): string => join(directory, ".gitignore");

  it.each([
    ["a file that is not there", null, ".lotse/\n"],
    ["an empty file", "", ".lotse/\n"],
    ["other lines", "dist/\n.lotse.yml\n", "dist/\n.lotse.yml\n.lotse/\n"],
    ["a last line without an end", "dist/", "dist/\n.lotse/\n"],
    ["an exception", "!.lotse/\n", "!.lotse/\n.lotse/\n"],
  ])("is added to %s", async (_, before, after) => {
    if (before !== null) writeFileSync(path(), before, { mode: 0o640 });
    expect(await ignoreState(directory)).toBe(true);
    expect(readFileSync(path(), "utf8")).toBe(after);
    expect(statSync(path()).mode & 0o777).toBe(before === null ? 0o644 : 0o640);
    expect(await ignoreState(directory)).toBe(false);
  });

  it.each([".lotse", ".lotse/", "/.lotse/", "**/.lotse", ".lotse/*", ".lotse/\r"])(
    "is there already as %j",
    async (line) => {
      writeFileSync(path(), `a\n${line}\nb\n`);
      expect(await ignoreState(directory)).toBe(false);
    },
  );

  it("is not written through a link", async () => {
    mkdirSync(join(directory, "else"));
    symlinkSync(join(directory, "else/file"), path());
    expect(await ignoreState(directory)).toBe(false);
  });
});
