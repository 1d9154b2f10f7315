import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copyOfExample, lotse, root, run } from "./cli-runner.ts";

describe("init", () => {
  it("makes a workspace that validates, and never writes over one", async () => {
    const directory = mkdtempSync(join(tmpdir(), "lotse-init-"));
    expect((await lotse(["init", "platform"], { cwd: directory })).status).toBe(0);
    const cwd = join(directory, "platform");
    expect((await lotse(["config", "validate"], { cwd })).status).toBe(0);
    expect((await lotse(["config", "get", "prod:example", "service.name"], { cwd })).stdout).toBe(
      "my-service-example\n",
    );
    const before = readdirSync(cwd);
    const again = await lotse(["init", "platform"], { cwd: directory });
    expect(again.status).toBe(5);
    expect(again.stderr).toContain("[workspace.exists]");
    expect(readdirSync(cwd)).toEqual(before);
    rmSync(directory, { recursive: true });
  });
});

describe("completion", () => {
  it.each([
    ["bash", ["--norc", "-n"]],
    ["zsh", ["-n"]],
    ["fish", ["--no-execute"]],
  ])("prints a script that %s reads", async (shell, args) => {
    const copy = copyOfExample();
    const script = join(copy.directory, "completion");
    const printed = await lotse(["completion", shell], { cwd: copy.directory });
    expect(printed.status).toBe(0);
    expect(printed.stdout.length).toBeGreaterThan(200);
    const { writeFileSync } = await import("node:fs");
    writeFileSync(script, printed.stdout);
    const read = await run(shell, [...args, script], { cwd: copy.directory });
    expect(read).toMatchObject({ status: 0 });
    copy.remove();
  });

  it("offers commands, environments and tenants", async () => {
    const copy = copyOfExample();
    const offer = async (...words: string[]): Promise<string> =>
      (await lotse(["complete", "--", ...words], { cwd: copy.directory })).stdout;
    expect(await offer("config", "")).toContain("explain");
    expect(await offer("config", "get", "")).toContain("production");
    expect(await offer("config", "get", "prod", "--tenant", "")).toContain("nordlicht-records");
    copy.remove();
  });
});

describe("help and errors", () => {
  it("every command has a help text", async () => {
    const help = await lotse(["--help"], { cwd: root });
    expect(help).toMatchObject({ status: 0 });
    expect(help.stdout).toContain("Exit statuses");
    for (const args of [
      ["config", "get"],
      ["config", "explain"],
      ["config", "impact"],
      ["deploy"],
      ["rollback"],
      ["release", "create"],
    ]) {
      const { status, stdout } = await lotse([...args, "--help"], { cwd: root });
      expect(status).toBe(0);
      expect(stdout).toMatch(/Examples?:/u);
    }
  });

  it("outside a workspace it says how to get one", async () => {
    const directory = mkdtempSync(join(tmpdir(), "lotse-none-"));
    const ended = await lotse(["config", "validate"], { cwd: directory });
    expect(ended.status).toBe(3);
    expect(ended.stderr).toContain("lotse init");
    rmSync(directory, { recursive: true });
  });

  it("prints colours only where they are wanted", async () => {
    const copy = copyOfExample();
    const ended = await lotse(["config", "get", "nope"], { cwd: copy.directory });
    copy.remove();
    expect(ended.stderr).not.toContain("\u001B[");
  });

  it("doctor tells what there is", async () => {
    const { stdout } = await lotse(["doctor", "-o", "json"], { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  });
});
