import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SecretDesk } from "./secret-desk.ts";

// git starts a process for each file, slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const file = "environments/prod/secrets/prod.yml";
const tenantFile = "environments/prod/secrets/tenants/acme.yml";

describe("git merges secret files", () => {
  let desk: SecretDesk;

  beforeEach(() => begin("ws", "ws"));
  afterEach(() => desk.dispose());

  const begin = async (inside: string, repository: string): Promise<void> => {
    desk = new SecretDesk(inside);
    await desk.good(["secrets", "init"]);
    await desk.run("git", ["init", "-q", repository], { cwd: "." });
    await desk.good(["secrets", "git-setup"]);
    await desk.set("prod", { a: "first value of a", b: "first value of b", c: "first value of c" });
    await commit("base");
  };

  const commit = async (message: string): Promise<void> => {
    await desk.git("add", "-A");
    await desk.git("commit", "-qm", message);
  };
  const get = async (name: string, scope = "prod"): Promise<string> =>
    await desk.good(["secrets", "get", scope, name]);
  /** Changes branches, and takes the older versions that come with that. */
  const onBranch = async (name: string, from?: string): Promise<void> => {
    await desk.git("checkout", "-q", ...(from === undefined ? [name] : ["-b", name, from]));
    await desk.good(["secrets", "verify", "--accept", file]);
  };
  const change = async (branch: string, values: Readonly<Record<string, string>>): Promise<void> => {
    await desk.set("prod", values);
    await commit(branch);
  };
  const values = async (): Promise<readonly string[]> => [await get("a"), await get("b"), await get("c")];

  /** Both orders in which git's strategies merge a file and its manifest. */
  it.each(["ort", "recursive"])(
    "with different values changed, by %s, and the manifest fits",
    async (strategy) => {
      await onBranch("side", "main");
      await change("side", { a: "side's a" });
      await onBranch("main");
      await change("main", { b: "main's b" });
      await desk.git("merge", "-q", "-s", strategy, "-m", "merge", "side");
      expect(await desk.json(["secrets", "verify"])).toMatchObject({
        ok: true,
        files: [{ file, version: 5, opened: true }],
      });
      expect(await values()).toEqual(["side's a", "main's b", "first value of c"]);
      expect(await desk.json(["secrets", "list", "prod"])).toMatchObject([
        { name: "a", version: 2 },
        { name: "b", version: 2 },
        { name: "c", version: 1 },
      ]);
      expect(await desk.git("status", "--porcelain")).toBe("");
    },
  );

  it("rebases as it merges, also below the root of the repository", async () => {
    desk.dispose();
    await begin("repo/sub/ws", "repo");
    await onBranch("side", "main");
    await change("side", { a: "side's a" });
    await onBranch("main");
    await change("main", { b: "main's b" });
    await onBranch("side");
    await desk.git("rebase", "-q", "main");
    expect(await values()).toEqual(["side's a", "main's b", "first value of c"]);
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true });
    const diff = await desk.git("diff", "HEAD~1", "--", file);
    expect(diff).toMatch(/^\+a: str [0-9a-f]{24}$/mu);
    expect(diff).not.toMatch(/^[+-]b/mu);
  });

  it.each(["ort", "recursive"])("a criss-cross, whose base is a merge itself, by %s", async (strategy) => {
    const merge = async (from: string): Promise<void> =>
      void (await desk.git("merge", "-q", "-s", strategy, "-m", `merge ${from}`, from));
    await onBranch("side", "main");
    await change("side", { a: "side's a" });
    await onBranch("main");
    await change("main", { b: "main's b" });
    // Each side takes the other's first commit, so that both commits are bases of what follows.
    await desk.git("branch", "first-of-main", "main");
    await desk.git("branch", "first-of-side", "side");
    await merge("first-of-side");
    await onBranch("side");
    await merge("first-of-main");
    await change("side", { a: "side's second a" });
    await onBranch("main");
    await change("main", { c: "main's c" });
    expect((await desk.git("merge-base", "--all", "main", "side")).trim().split("\n")).toHaveLength(2);
    await merge("side");
    expect(await desk.json(["secrets", "verify"])).toMatchObject({
      ok: true,
      files: [{ file, opened: true }],
    });
    expect(await values()).toEqual(["side's second a", "main's b", "main's c"]);
    expect(await desk.git("status", "--porcelain")).toBe("");
  });

  it("where only one side changed, without asking", async () => {
    await onBranch("side", "main");
    await change("side", { a: "side's a" });
    await onBranch("main");
    desk.write("readme", "something else\n");
    await commit("main");
    await desk.git("merge", "-q", "-m", "merge", "side");
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true, files: [{ version: 4 }] });
    expect(await values()).toEqual(["side's a", "first value of b", "first value of c"]);
  });

  it("into a conflict where both sides changed a value differently, and loses nothing", async () => {
    await onBranch("side", "main");
    await change("side", { a: "side's a", c: "side's c" });
    await onBranch("main");
    await change("main", { a: "main's a", b: "main's b" });
    const merge = await desk.run("git", ["merge", "side"]);
    expect(merge.status).toBe(1);
    expect(merge.stdout + merge.stderr).toMatch(/both sides changed a$/mu);
    expect(merge.stdout + merge.stderr).not.toMatch(/side's|main's/u);
    const unmerged = await desk.git("diff", "--name-only", "--diff-filter=U", "--relative");
    expect(unmerged.trim().split("\n")).toEqual([file, `${file}.manifest.json`]);
    // What could be merged is there, and can be read and changed at once.
    expect(await values()).toEqual(["main's a", "main's b", "side's c"]);
    await change("merged", { a: "both agree" });
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true });
    expect(await values()).toEqual(["both agree", "main's b", "side's c"]);
  });

  it("without a conflict where both sides changed a value alike", async () => {
    await onBranch("side", "main");
    await change("side", { a: "the same" });
    await onBranch("main");
    await change("main", { a: "the same" });
    await desk.git("merge", "-q", "-m", "merge", "side");
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true });
    expect(await get("a")).toBe("the same");
  });

  it("that both sides added", async () => {
    const add = async (branch: string, name: string): Promise<void> => {
      await desk.set("prod:acme", { [name]: `${branch}'s ${name}`, shared: "the same" });
      await commit(branch);
    };
    await onBranch("side", "main");
    await add("side", "x");
    await onBranch("main");
    // This working copy has seen the side's file, which is not on this branch.
    await desk.good(["secrets", "verify", "--accept", tenantFile]);
    await add("main", "y");
    await desk.git("merge", "-q", "-m", "merge", "side");
    expect(await desk.json(["secrets", "verify"])).toMatchObject({
      ok: true,
      files: [{ file }, { file: tenantFile }],
    });
    expect([await get("x", "prod:acme"), await get("y", "prod:acme")]).toEqual(["side's x", "main's y"]);
  });
});

describe("git", () => {
  let desk: SecretDesk;

  beforeEach(async () => {
    desk = new SecretDesk();
    await desk.good(["secrets", "init"]);
    await desk.git("init", "-q");
    await desk.good(["secrets", "git-setup"]);
    await desk.set("prod", { a: "first value of a", b: "first value of b" });
    await desk.git("add", "-A");
    await desk.git("commit", "-qm", "base");
  });
  afterEach(() => desk.dispose());

  it("shows which values changed, by fingerprint and never the values", async () => {
    await desk.set("prod", { a: "second value of a", d: "a new value" });
    const diff = await desk.git("diff", "--", file);
    expect(diff).toMatch(/^-a: str [0-9a-f]{24}$/mu);
    expect(diff).toMatch(/^\+a: str [0-9a-f]{24}$/mu);
    expect(diff).toMatch(/^\+d: str [0-9a-f]{24}$/mu);
    expect(diff).not.toMatch(/^[+-]b/mu);
    expect(diff).not.toMatch(/value|ENC\[/u);
    // The same value has the same fingerprint, however it is encrypted.
    await desk.good(["secrets", "rekey", "--recursive"]);
    await desk.set("prod", { a: "first value of a" });
    expect(await desk.git("diff", "--", file)).not.toMatch(/^[+-][ab]:/mu);
    const comparison = await desk.json(["secrets", "diff", file, file]);
    expect(comparison).toMatchObject({ differences: [] });
  });

  it("shows ciphertexts to whoever has no key", async () => {
    await desk.set("prod", { a: "second value of a" });
    const { stdout, status } = await desk.run("git", ["diff", "--", file], {
      variables: { HOME: desk.root },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\+a: ciphertext [0-9a-f]{24}$/mu);
    expect(stdout).not.toMatch(/^[+-]b/mu);
  });

  it("is set up in .gitattributes, once, and everything goes again", async () => {
    desk.write(".gitattributes", `*.png binary\n${desk.read(".gitattributes")}`);
    expect(desk.read(".gitattributes").split("\n")).toContain(
      "environments/*/secrets/*.yml merge=lotse-secrets diff=lotse-secrets",
    );
    expect(await desk.good(["secrets", "git-setup"])).toBe(".gitattributes: unchanged\n");
    expect(desk.read(".gitattributes").match(/>>> lotse/gu)).toHaveLength(1);
    expect(await desk.git("config", "--local", "--list")).toContain("lotse-secrets");
    expect(await desk.good(["secrets", "git-setup", "--remove"])).toBe(".gitattributes: removed\n");
    expect(desk.read(".gitattributes")).toBe("*.png binary\n");
    expect(await desk.git("config", "--local", "--list")).not.toContain("lotse-secrets");
    await desk.good(["secrets", "git-setup"]);
    desk.write(".gitattributes", desk.read(".gitattributes").replace("*.png binary\n", ""));
    await desk.good(["secrets", "git-setup", "--remove"]);
    expect(existsSync(desk.path(".gitattributes"))).toBe(false);
  });

  it("has no repository, and says so", async () => {
    const other = new SecretDesk();
    try {
      const { status, stderr } = await other.lotse(["secrets", "git-setup"], {
        variables: { GIT_CEILING_DIRECTORIES: other.root },
      });
      expect([status, stderr]).toEqual([3, expect.stringContaining("[git.failed]")]);
      expect(existsSync(other.path(".gitattributes"))).toBe(false);
    } finally {
      other.dispose();
    }
  });

  it("does not sign by a merge what nobody may have signed", async () => {
    const key = (await desk.good(["secrets", "signer"])).trim();
    await desk.git("checkout", "-q", "-b", "side");
    const stranger = { XDG_CONFIG_HOME: desk.path("../stranger"), SOPS_AGE_KEY_FILE: keyFile() };
    await desk.good(["secrets", "set", "prod", "a"], { input: "planted", variables: stranger });
    await desk.git("commit", "-qam", "side");
    await desk.git("checkout", "-q", "main");
    await desk.good(["secrets", "verify", "--accept", file]);
    await desk.set("prod", { b: "main's b" });
    const list = `secrets:\n  signers:\n    - { name: ada, key: "${key}" }\n`;
    desk.write("lotse.yml", desk.read("lotse.yml") + list);
    await desk.git("commit", "-qam", "main");
    const merge = await desk.run("git", ["merge", "side"]);
    expect(merge.status).toBe(1);
    expect(merge.stderr).toContain("[secret.signature]");
    expect((await desk.lotse(["secrets", "get", "prod", "a"])).stderr).toContain("[secret.manifest]");
  });

  it("keeps both blind values apart: two of one name are a conflict, not a broken file", async () => {
    const blind = { HOME: desk.path("../bob"), USER: "bob", GIT_CONFIG_GLOBAL: `${desk.home}/.gitconfig` };
    const write = async (branch: string): Promise<void> => {
      await desk.good(["secrets", "set", "prod", "a"], { input: `${branch}'s`, variables: blind });
      await desk.git("add", "-A");
      await desk.git("commit", "-qm", branch);
    };
    await desk.git("checkout", "-q", "-b", "side");
    await write("side");
    await desk.git("checkout", "-q", "main");
    await desk.good(["secrets", "verify", "--accept", file]);
    await write("main");
    const merge = await desk.run("git", ["merge", "side"]);
    expect(merge.status).toBe(1);
    const beside = "environments/prod/secrets/prod.incoming/a.yml";
    expect(await desk.git("diff", "--name-only", "--diff-filter=U")).toBe(
      `${beside}\n${beside}.manifest.json\n`,
    );
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("main's");
  });

  function keyFile(): string {
    return `${desk.home}/.config/sops/age/keys.txt`;
  }
});
