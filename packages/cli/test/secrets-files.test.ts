import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ageKey, SecretDesk } from "./secret-desk.ts";

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const tenantFile = "environments/prod/secrets/tenants/acme.yml";
const prodFile = "environments/prod/secrets/prod.yml";

let desk: SecretDesk;
const begin = async (): Promise<void> => {
  desk = new SecretDesk();
  await desk.good(["secrets", "init"]);
};
const end = (): void => desk.dispose();

describe("recipients", () => {
  let bob: { readonly secret: string; readonly recipient: string };
  beforeEach(async () => {
    await begin();
    bob = await ageKey(desk);
    await desk.set("prod", { a: "value of a", b: "value of b" });
    await desk.set("prod:acme", { c: "value of c" });
  });
  afterEach(end);
  const asBob = (): { readonly variables: Record<string, string> } => ({
    variables: { HOME: join(desk.root, "bob"), USER: "bob", SOPS_AGE_KEY: bob.secret },
  });
  const withoutKey = (): { readonly variables: Record<string, string> } => ({
    variables: { HOME: join(desk.root, "bob"), USER: "bob" },
  });

  it("are added and shut out, with a plan of what they read and could have read", async () => {
    expect((await desk.lotse(["secrets", "get", "prod", "a"], asBob())).status).toBe(6);
    const added = await desk.json(["secrets", "add-recipient", bob.recipient, "--recursive"]);
    expect(added).toMatchObject({
      files: [{ file: prodFile, newDataKey: false }, { file: tenantFile }],
      rules: "changed",
    });
    expect(desk.read(".sops.yaml")).toContain(bob.recipient);
    await desk.set("prod:globex", { d: "value of d" });
    expect(await desk.good(["secrets", "get", "prod:globex", "d"], asBob())).toBe("value of d");
    expect(await desk.good(["secrets", "get", "prod", "b"], asBob())).toBe("value of b");
    const before = desk.read(prodFile);
    const removed = await desk.json([
      "secrets",
      "remove-recipient",
      bob.recipient,
      "--recursive",
      "--actor",
      "bob",
    ]);
    expect(removed).toMatchObject({
      files: [
        { file: prodFile, newDataKey: true, recipients: [expect.stringMatching(/^age:age1/u)] },
        { file: tenantFile, newDataKey: true },
        { newDataKey: true },
      ],
      rules: "changed",
      rotation: [
        { name: "b", environment: "prod", tenant: null, version: "1", readAt: expect.stringMatching(/Z$/u) },
        { name: "d", environment: "prod", tenant: "globex", readAt: expect.stringMatching(/Z$/u) },
        { name: "a", environment: "prod", tenant: null, readAt: null },
        { name: "c", environment: "prod", tenant: "acme", readAt: null },
      ],
    });
    expect(desk.read(".sops.yaml")).not.toContain(bob.recipient);
    expect(await desk.json(["secrets", "verify"])).toMatchObject({
      ok: true,
      rules: { version: 3 },
      notes: [],
    });
    const denied = await desk.lotse(["secrets", "get", "prod", "a"], asBob());
    expect([denied.status, denied.stderr]).toEqual([6, expect.stringContaining("[secret.no-key]")]);
    for (const [token] of before.matchAll(/ENC\[AES256_GCM,data:[^\]]+\]/gu)) {
      expect(desk.read(prodFile)).not.toContain(token);
    }
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("value of a");
    const table = await desk.good(["secrets", "add-recipient", bob.recipient, prodFile]);
    expect(table).toMatch(/as before/u);
    const shown = await desk.good(["secrets", "remove-recipient", bob.recipient, prodFile, "--actor", "bob"]);
    expect(shown).toMatch(/make these anew:[^]*\bb\b[^]*could have been/u);
  });

  it("are those of .sops.yaml after rekey --recursive, once somebody has accepted who was added there", async () => {
    const own = /age1\w+/u.exec(desk.read(".sops.yaml"))?.[0] ?? "";
    desk.write(".sops.yaml", `creation_rules:\n  - age: ${own},${bob.recipient}\n`);
    expect((await desk.lotse(["secrets", "get", "prod:acme", "c"], asBob())).status).toBe(6);
    const refused = await desk.lotse(["secrets", "rekey", "--recursive"]);
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining("[secret.manifest]")]);
    const verified = await desk.lotse(["secrets", "verify"]);
    expect([verified.status, verified.stdout]).toEqual([
      1,
      expect.stringContaining(`${bob.recipient} would open`),
    ]);
    expect(await desk.good(["secrets", "verify", "--accept", ".sops.yaml"])).toMatch(
      /^ok {2}\.sops\.yaml version 2$/mu,
    );
    expect(await desk.json(["secrets", "rekey", "--recursive"])).toMatchObject({
      files: [{ newDataKey: true }, { newDataKey: true }],
    });
    expect(await desk.good(["secrets", "get", "prod:acme", "c"], asBob())).toBe("value of c");
    expect(await desk.json(["secrets", "list", "prod"])).toMatchObject([{ version: 1 }, { version: 1 }]);
  });

  it("are not needed for writing: a value is set by somebody who cannot read it", async () => {
    const set = await desk.lotse(["secrets", "set", "prod", "a", "-o", "json"], {
      ...withoutKey(),
      input: "written blindly",
    });
    expect(set.status, set.stderr).toBe(0);
    const beside = "environments/prod/secrets/prod.incoming/a.yml";
    expect(JSON.parse(set.stdout)).toMatchObject({ file: beside, version: 2, blind: true });
    expect(desk.read(beside)).not.toContain("blindly");
    expect((await desk.lotse(["secrets", "get", "prod", "a"], withoutKey())).status).toBe(6);
    expect((await desk.lotse(["secrets", "remove", "prod", "b"], withoutKey())).status).toBe(6);
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("written blindly");
    expect(await desk.json(["secrets", "list", "prod"])).toMatchObject([
      { name: "a", incoming: true, changedBy: "user:bob", version: 2 },
      { name: "b", incoming: false },
    ]);
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true });
    const next = await desk.lotse(["secrets", "set", "prod", "b", "-o", "json"], { input: "new b" });
    expect(next.status, next.stderr).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({ takenIn: ["a"] });
    expect(existsSync(desk.path(beside))).toBe(false);
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("written blindly");
  });
});

describe("manifests", () => {
  beforeEach(async () => {
    await begin();
    await desk.set("prod", { a: "first" });
  });
  afterEach(end);
  const copy = (from: string, to: string): void => {
    for (const ending of ["", ".manifest.json"]) desk.write(to + ending, desk.read(from + ending));
  };
  const verify = async (...args: readonly string[]) => {
    const ended = await desk.lotse(["secrets", "verify", ...args, "-o", "json"]);
    expect(ended.stderr).toBe("");
    const report = JSON.parse(ended.stdout) as { ok: boolean; files: { problem: { code: string } | null }[] };
    expect(ended.status).toBe(report.ok ? 0 : 1);
    return report;
  };

  it("tell a file that something else changed, until somebody signs it", async () => {
    expect(await verify()).toMatchObject({ ok: true, files: [{ file: prodFile, version: 1, opened: true }] });
    const keys = join(desk.home, ".config/sops/age/keys.txt");
    const own = /age1\w+/u.exec(readFileSync(keys, "utf8"))?.[0] ?? "";
    // As sops itself would: the file is right, its manifest is that of the file before.
    desk.write("plain.yaml", "a: second\n");
    const sealed = await desk.good(["secrets", "encrypt", "plain.yaml", "--age", own]);
    desk.write(prodFile, sealed);
    const report = await verify();
    expect(report).toMatchObject({ ok: false, files: [{ problem: { code: "secret.manifest" } }] });
    expect((await desk.lotse(["secrets", "get", "prod", "a"])).status).toBe(3);
    expect(await desk.json(["secrets", "sign", prodFile])).toEqual({ file: prodFile, version: 2 });
    expect((await verify()).ok).toBe(true);
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("second");
  });

  it("refuse a file of another scope, and one that belongs to none", async () => {
    copy(prodFile, "environments/dev/secrets/dev.yml");
    expect(await verify()).toMatchObject({ ok: false });
    expect((await desk.lotse(["secrets", "get", "dev", "a"])).status).toBe(3);
    rmSync(desk.path("environments/dev/secrets"), { recursive: true });
    copy(prodFile, "environments/prod/secrets/other.yml");
    expect(await verify()).toMatchObject({
      ok: false,
      strangers: [expect.stringContaining("other.yml"), expect.stringContaining("other.yml.manifest.json")],
    });
  });

  it("refuse an old version until it is accepted", async () => {
    copy(prodFile, "kept.yml");
    await desk.set("prod", { a: "second" });
    copy("kept.yml", prodFile);
    const { status, stderr } = await desk.lotse(["secrets", "get", "prod", "a"]);
    expect([status, stderr]).toEqual([3, expect.stringContaining("--accept")]);
    expect(await verify()).toMatchObject({ ok: false });
    expect(await verify("--accept", prodFile)).toMatchObject({ ok: true });
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("first");
  });

  it("--accept names its files", async () => {
    const { status, stderr } = await desk.lotse(["secrets", "verify", "--accept"]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("[usage.argument]")]);
  });

  it("know an old version by git's history in a fresh clone", async () => {
    await desk.git("init", "-q");
    await desk.git("add", "-A");
    await desk.git("commit", "-qm", "first");
    copy(prodFile, "kept.yml");
    await desk.set("prod", { a: "second" });
    await desk.git("add", prodFile, `${prodFile}.manifest.json`);
    await desk.git("commit", "-qm", "second");
    copy("kept.yml", prodFile);
    await desk.git("commit", "-qam", "brought back");
    await desk.run("git", ["clone", "-q", "ws", "clone"], { cwd: "." });
    const { status, stdout } = await desk.lotse(["secrets", "verify"], { cwd: "clone" });
    expect([status, stdout]).toEqual([1, expect.stringContaining("an old version was brought back")]);
  });

  it("count only when a listed signer made them", async () => {
    const key = (await desk.good(["secrets", "signer"])).trim();
    expect(await desk.json(["secrets", "signer"])).toEqual({ key });
    desk.write(
      "lotse.yml",
      `${desk.read("lotse.yml")}secrets:\n  signers:\n    - { name: ada, key: "${key}" }\n`,
    );
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("first");
    const mallory = { XDG_CONFIG_HOME: join(desk.root, "mallory"), USER: "mallory" };
    const before = desk.read(prodFile);
    const { status, stderr } = await desk.lotse(["secrets", "set", "prod", "a"], {
      input: "evil",
      variables: { ...mallory, SOPS_AGE_KEY_FILE: join(desk.home, ".config/sops/age/keys.txt") },
    });
    expect([status, stderr]).toEqual([6, expect.stringContaining("[secret.denied]")]);
    expect(desk.read(prodFile)).toBe(before);
    desk.write(
      "lotse.yml",
      desk.read("lotse.yml").replace(key, "ed25519:u1Gz1kYvTqjEIcmUuJYzXr4ZJ3yH9V0x6nHk2cOqW5M="),
    );
    expect((await desk.lotse(["secrets", "get", "prod", "a"])).stderr).toContain("[secret.signature]");
  });
});
