import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printed } from "@lotse/core/contract";
import { lotse, run, type Ended } from "./cli-runner.ts";

let directory: string;
const env = (): Readonly<Record<string, string>> => ({
  HOME: join(directory, "..", "home"),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_COMMITTER_NAME: "ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
});
const cli = (...args: string[]): Promise<Ended> => lotse(args, { cwd: directory, env: env() });
const json = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await cli(...args, "-o", "json")).stdout) as unknown;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

async function commit(message: string): Promise<void> {
  for (const args of [
    ["add", "--all"],
    ["commit", "--quiet", "--message", message],
  ]) {
    expect((await run("git", args, { cwd: directory, env: env() })).status).toBe(0);
  }
}

/** What differs from run to run. */
const stable = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{40}\b|\b[0-9a-f]{12}\b|\b[0-9a-f]{8}\b/gu, "HASH")
    .replaceAll(/\d{4}-\d\d-\d\d/gu, "DATE");

const lotseYml = `
version: 1
name: shop
environments: { prod: {} }
templates:
  - { template: app.conf.j2, to: app.conf }
app:
  code: app
  migrations: { directory: migrations }
  keep: 1
  target: { type: process, command: [node, server.js] }
`;

beforeAll(async () => {
  directory = join(mkdtempSync(join(tmpdir(), "lotse-kept-")), "ws");
  write("lotse.yml", lotseYml);
  write(".gitignore", ".lotse/\n");
  write("environments/base.yml", "greeting: Hello\nport: 80\n");
  write("environments/prod/prod.yml", "");
  for (const tenant of ["acme", "globex"]) {
    write(`environments/tenants/${tenant}.yml`, `tenant: { id: ${tenant} }\n`);
  }
  write("templates/app.conf.j2", "greeting = {{ greeting }}\nport = {{ port }}\n");
  write("app/server.js", "// one\n");
  write("migrations/001.sql", "create table a;\n");
  expect((await run("git", ["init", "--quiet", "."], { cwd: directory, env: env() })).status).toBe(0);
  await commit("feat: begin");
}, 60_000);

afterAll(() => rmSync(dirname(directory), { recursive: true, force: true }));

it("makes, compares, tells, checks and prunes releases", { timeout: 180_000 }, async () => {
  const first = await cli("release", "create", "--tag");
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/^release 0\.1\.0 /u);
  expect(first.stdout).toMatch(/^signed +no, there is no key, and lotse.yml lists no signers$/mu);
  expect(first.stdout).toMatch(/^tag +v0\.1\.0$/mu);

  write("app/server.js", "// two\n");
  write("app/new.js", "// new\n");
  write("environments/base.yml", "greeting: Hi\nport: 80\n");
  write("environments/tenants/globex.yml", "tenant: { id: globex }\nport: 81\n");
  write("migrations/002.sql", "-- lotse: irreversible\ndrop table a;\n");
  await commit("feat(api)!: greet <b>shorter</b>\n\nBREAKING CHANGE: it is `Hi`");

  const tried = printed.release.parse(await json("release", "create", "--dry-run"));
  expect(tried).toMatchObject({
    version: "0.2.0",
    dryRun: true,
    created: false,
    migrations: [{}, { reversible: false }],
  });
  const second = printed.release.parse(await json("release", "create"));
  expect(second).toMatchObject({ id: tried.id, created: true, dirty: false, signed: false, tag: null });

  const diff = await cli("release", "diff", "0.1.0", "0.2.0");
  await expect(stable(diff.stdout)).toMatchFileSnapshot("golden/release-diff.txt");
  const differences = printed["release-diff"].parse(
    await json("release", "diff", "0.1.0", "0.2.0", "--tenant", "globex"),
  );
  expect(differences.configuration.map(({ path, scopes }) => [path, scopes])).toEqual([
    ["greeting", ["prod:globex"]],
    ["port", ["prod:globex"]],
  ]);
  expect(printed["release-diff"].parse(await json("release", "diff", "0.2.0", second.id)).same).toBe(true);

  const notes = await cli("release", "notes", "v0.1.0..0.2.0");
  await expect(stable(notes.stdout)).toMatchFileSnapshot("golden/release-notes.md");
  expect(printed["release-notes"].parse(await json("release", "notes", "0.2.0"))).toMatchObject([
    { from: "0.1.0", to: "0.2.0", breaking: [{ scope: "api", text: "it is `Hi`" }] },
  ]);
  const changelog = await cli("release", "notes", "--changelog");
  expect(changelog.stdout).toMatch(/^# Changelog\n\n## 0\.2\.0 [^]*\n## 0\.1\.0 /u);

  const good = printed["release-verify"].parse(await json("release", "verify"));
  expect(good).toMatchObject({ ok: true, releases: [{ ok: true }, { ok: true }] });

  const dry = printed["release-prune"].parse(await json("release", "prune", "--dry-run"));
  expect(dry).toMatchObject({
    dryRun: true,
    removed: [{ version: "0.1.0" }],
    kept: [{ version: "0.2.0" }],
    files: null,
  });
  expect(printed["release-list"].parse(await json("release", "list"))).toHaveLength(2);
  const pruned = printed["release-prune"].parse(await json("release", "prune"));
  expect(pruned.removed).toEqual(dry.removed);
  expect((await cli("release", "show", "0.1.0")).status).toBe(4);

  const { key } = printed["release-sign"].parse(await json("release", "sign", "0.2.0"));
  const shown = printed.release.parse(await json("release", "show", "0.2.0"));
  expect(shown.signature).toMatchObject({ state: "unknown", keys: [key], problem: null });

  const record = join(directory, ".lotse/releases", `${second.id}.json`);
  const text = readFileSync(record, "utf8");
  writeFileSync(record, text.replace('"createdBy":"user:tester"', '"createdBy":"user:mallory"'));
  const damaged = await cli("release", "verify");
  expect(damaged.status).toBe(1);
  expect(damaged.stdout).toContain("was changed after it was written");
  writeFileSync(record, text);
  rmSync(join(directory, ".lotse/objects"), { recursive: true });
  const lacking = await cli("release", "verify", "0.2.0", "-o", "json");
  expect(lacking.status).toBe(1);
  expect(printed["release-verify"].parse(JSON.parse(lacking.stdout))).toMatchObject({ ok: false });
});

it.each([
  [["release", "create", "--version", "1.0.0", "--prerelease", "rc"], 2, "usage.argument"],
  [["release", "create", "--image", "registry/app:latest"], 3, "release.artefact"],
  [["release", "create", "--prerelease", "not one"], 2, "usage.argument"],
  [["release", "verify", "9.9.9"], 4, "release.not-found"],
  [["release", "diff", "9.9.9", "9.9.8"], 4, "release.not-found"],
  [["release", "notes", "9.9.9"], 4, "release.not-found"],
  [["release", "notes", "HEAD", "--changelog"], 2, "usage.argument"],
  [["release", "prune", "--keep", "0"], 2, "usage.argument"],
  [["release", "sign", "9.9.9"], 4, "release.not-found"],
])("%j ends with %i", async (args, status, code) => {
  const ended = await cli(...args);
  expect(ended.stderr).toContain(`[${code}]`);
  expect(ended.status).toBe(status);
});
