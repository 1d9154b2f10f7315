import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copyOfExample, lotse, root } from "./cli-runner.ts";

const environments = ["development", "staging", "production"].map(
  (name) => `config/environments/.env.${name}`,
);

describe("config env", () => {
  it("the example's files are in step with its schema and hold placeholders only", async () => {
    const copy = copyOfExample();
    const ended = await lotse(
      ["config", "env", "check", ...environments, "environments/dev/secrets/.env.example"],
      { cwd: copy.directory },
    );
    copy.remove();
    expect(ended).toMatchObject({ status: 0, stdout: "valid: 4 files, 0 findings\n" });
  });

  it("a secret in a file is found, and not repeated", async () => {
    const copy = copyOfExample();
    const file = join(copy.directory, environments[2] ?? "");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(/^POSTGRES_PASSWORD=.*$/mu, "POSTGRES_PASSWORD=hunter2-real"),
    );
    const ended = await lotse(["config", "env", "check", environments[2] ?? ""], { cwd: copy.directory });
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/\.env\.production:\d+:\d+ error POSTGRES_PASSWORD/u);
    expect(ended.stdout).not.toContain("hunter2");
    copy.remove();
  });

  it("what is exported can be imported, and secrets stay references", async () => {
    const copy = copyOfExample();
    const exported = await lotse(["config", "env", "export", "prod:nordlicht-records"], {
      cwd: copy.directory,
    });
    expect(exported.stdout).toContain("POSTGRES_PASSWORD='${secret:");
    writeFileSync(join(copy.directory, "x.env"), exported.stdout);
    const imported = await lotse(["config", "env", "import", "x.env", "-o", "json"], { cwd: copy.directory });
    expect(imported.status).toBe(0);
    const resolved = await lotse(
      ["config", "get", "prod:nordlicht-records", "database.postgresql.cluster.port"],
      { cwd: copy.directory },
    );
    const layer = JSON.parse(imported.stdout) as { database: { postgresql: { cluster: { port: number } } } };
    expect(`${layer.database.postgresql.cluster.port}\n`).toBe(resolved.stdout);
    copy.remove();
  });

  it("an example file gets what it lacks", async () => {
    const copy = copyOfExample();
    const file = "environments/dev/secrets/.env.example";
    const path = join(copy.directory, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/^LOG_LEVEL=.*\n/mu, ""));
    expect((await lotse(["config", "env", "check", file], { cwd: copy.directory })).status).toBe(1);
    expect((await lotse(["config", "env", "example", file], { cwd: copy.directory })).status).toBe(0);
    expect(readFileSync(path, "utf8")).toContain("LOG_LEVEL=");
    expect((await lotse(["config", "env", "check", file], { cwd: copy.directory })).status).toBe(0);
    copy.remove();
  });
});

it("config watch prints changes and problems until it is stopped", { timeout: 60_000 }, async () => {
  const copy = copyOfExample();
  const child = spawn(
    process.execPath,
    [join(root, "packages/cli/bin/lotse.js"), "config", "watch", "dev:nordlicht-records", "-o", "json"],
    { cwd: copy.directory },
  );
  let output = "";
  let errors = "";
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        child.stdout.off("data", check);
        child.stderr.off("data", check);
        resolve();
      };
      child.stdout.on("data", check);
      child.stderr.on("data", check);
      check();
    });
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  await until(() => errors.includes("watching"));
  const file = join(copy.directory, "environments/tiers/business.yml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/max_replicas: \d+/u, "max_replicas: 9"));
  await until(() => output.includes('"changed"'));
  writeFileSync(file, "plan: [");
  await until(() => output.includes('"broken"'));
  child.kill("SIGTERM");
  expect(await closed).toBe(0);
  const events = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string });
  expect(events[0]).toEqual({ kind: "changed", paths: ["plan.max_replicas"] });
  expect(events[1]).toMatchObject({ kind: "broken", problem: { code: "parse.syntax" } });
  copy.remove();
});
