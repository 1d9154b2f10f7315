import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ageKey, SecretDesk } from "./secret-desk.ts";

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let desk: SecretDesk;
const begin = async (): Promise<void> => {
  desk = new SecretDesk();
  await desk.good(["secrets", "init"]);
};
const end = (): void => desk.dispose();

describe("scan", () => {
  let leak: string;
  beforeEach(async () => {
    await begin();
    leak = (await ageKey(desk)).secret;
    await desk.git("init", "-q");
    desk.write(".gitignore", ".lotse/\n");
    await desk.git("add", "-A");
    await desk.git("commit", "-qm", "base");
  });
  afterEach(end);
  const scan = (...args: readonly string[]) => desk.lotse(["secrets", "scan", ...args]);
  const soon = new Date(Date.now() + 40 * 24 * 3600_000).toISOString().slice(0, 10);

  it("finds a leak, says where and not what; placeholders and references pass", async () => {
    desk.write(
      "config.txt",
      "password: changeme\napi_key: <your key>\nsecret: ${secret:spotify#api_key}\ntoken: $TOKEN\n",
    );
    expect(await scan()).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^0 found in \d+ files/u),
    });
    desk.write("notes/key.txt", `one\nkey ${leak}\n`);
    const { status, stdout, stderr } = await scan();
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(/^notes\/key\.txt:2:5 error /u);
    expect(stdout).not.toContain(leak.slice(0, 24));
    const report = JSON.parse((await scan("-o", "json")).stdout) as { findings: unknown[] };
    expect(report).toMatchObject({ ok: false, findings: [{ file: "notes/key.txt", line: 2, column: 5 }] });
    expect(JSON.stringify(report)).not.toContain(leak.slice(0, 24));
    expect((await scan("config.txt")).status).toBe(0);
  });

  it("--sarif is SARIF without the secret", async () => {
    desk.write("key.txt", `${leak}\n`);
    const { status, stdout } = await scan("--sarif");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          results: [
            {
              locations: [
                { physicalLocation: { artifactLocation: { uri: "key.txt" }, region: { startLine: 1 } } },
              ],
            },
          ],
        },
      ],
    });
    expect(stdout).not.toContain(leak.slice(0, 24));
  });

  it("stops a commit through the installed hook, and only that one", async () => {
    await desk.good(["secrets", "scan", "--install-hook"]);
    desk.write("key.txt", `${leak}\n`);
    desk.write("fine.txt", "nothing\n");
    await desk.git("add", "-A");
    const refused = await desk.run("git", ["commit", "-m", "leak"]);
    expect(refused.status).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("key.txt:1:1");
    expect(refused.stdout + refused.stderr).not.toContain(leak.slice(0, 24));
    // What counts is what is staged, not what lies in the directory.
    await desk.git("rm", "-q", "--cached", "key.txt");
    await desk.git("commit", "-qm", "fine");
    expect(await desk.git("log", "--format=%s")).toBe("fine\nbase\n");
    await desk.good(["secrets", "scan", "--remove-hook"]);
    expect(existsSync(desk.path(".git/hooks/pre-commit"))).toBe(false);
  });

  it("--history finds what was committed and removed again", async () => {
    desk.write("key.txt", `${leak}\n`);
    await desk.git("add", "-A");
    await desk.git("commit", "-qm", "leak");
    const commit = (await desk.git("rev-parse", "HEAD")).trim();
    await desk.git("rm", "-q", "key.txt");
    await desk.git("commit", "-qm", "removed");
    expect((await scan()).status).toBe(0);
    const { status, stdout } = await scan("--history", "-o", "json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ findings: [{ file: "key.txt", line: 1, commit }] });
  });

  it("--accept takes a reason, an owner and a day, and ends with that day", async () => {
    desk.write("key.txt", `${leak}\n`);
    expect((await scan("--accept")).status).toBe(2);
    const because = ["--accept", "--reason", "test key of a vendor", "--owner", "ada", "--expires"];
    expect((await scan(...because, "2020-01-01")).status).toBe(3);
    expect((await scan()).status).toBe(1);
    expect((await scan(...because, soon)).status).toBe(0);
    expect(desk.read("secrets-baseline.json")).not.toContain(leak.slice(0, 24));
    expect(await scan()).toMatchObject({ status: 0, stdout: expect.stringContaining("1 accepted") });
    desk.write("other.txt", `${(await ageKey(desk)).secret}\n`);
    expect((await scan()).status).toBe(1);
    rmSync(desk.path("other.txt"));
    desk.write("secrets-baseline.json", desk.read("secrets-baseline.json").replaceAll(soon, "2020-01-01"));
    const expired = await scan("-o", "json");
    expect(expired.status).toBe(1);
    expect(JSON.parse(expired.stdout)).toMatchObject({ findings: [{}], expired: [{ owner: "ada" }] });
  });

  it("finds a value that Lotse keeps although no rule knows it", async () => {
    await desk.set("prod", { a: "the plain words of nobody" });
    desk.write("chat.txt", "he wrote the plain words of nobody here\n");
    const known = desk.path(".lotse/secrets/known.json");
    expect((await scan("chat.txt")).status).toBe(1);
    // A fresh clone knows none until it opens them.
    rmSync(known);
    expect((await scan("chat.txt")).status).toBe(0);
    const { status, stdout } = await scan("--index", "chat.txt");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^chat\.txt:1:10 /u);
    expect(stdout).not.toContain("plain words");
    expect(readFileSync(known, "utf8")).not.toContain("plain");
  });

  it("works outside a workspace, too", async () => {
    desk.writeAt(join(desk.root, "elsewhere/key.txt"), `${leak}\n`);
    const { status, stdout } = await desk.lotse(["secrets", "scan", "key.txt"], { cwd: "elsewhere" });
    expect([status, stdout]).toEqual([1, expect.stringContaining("key.txt:1:1")]);
  });
});
