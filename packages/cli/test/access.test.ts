import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { createColors } from "picocolors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession } from "@lotse/core/app";
import { accesses } from "../src/access.ts";
import { pathOf } from "../src/commands/audited.ts";
import type { Context } from "../src/context.ts";
import { main } from "../src/main.ts";
import { buildProgram } from "../src/program.ts";
import { copyOfExample } from "./cli-runner.ts";

const tenant = "nordlicht-records";
const scope = `prod:${tenant}`;
const secretFile = `environments/prod/secrets/tenants/${tenant}.yml`;
const stranger = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

const devSecrets = [
  "application.secret_key",
  "jwt.secret_key",
  "oidc.client_secret",
  "openai.api_key",
  "postgresql.password",
  "redis.password",
  "spotify.api_key",
];

/** The id of a rollout that is not there: what somebody wanted of it is told all the same. */
const noRollout = "20200101T000000Z-000000";

/**
 * Every command that must leave an entry, as somebody would call it, in an order in which each finds what it
 * needs. A command that is missing here makes the first test fail.
 */
const calls: readonly (readonly [command: string, args: readonly string[], input?: string])[] = [
  ["config get", ["config", "get", scope, "logging.level"]],
  ["config explain", ["config", "explain", scope, "logging.level"]],
  ["config why-not", ["config", "why-not", scope, "logging.level", "--without", "tenant"]],
  ["config diff", ["config", "diff", "staging", "prod", "--tenant", tenant]],
  ["config validate", ["config", "validate", "dev"]],
  ["config impact", ["config", "impact", `environments/tenants/${tenant}.yml`]],
  ["config set", ["config", "set", "environments/dev/dev.yml", "logging.level", "warn", "--dry-run"]],
  ["config set", ["config", "set", "environments/dev/dev.yml", "logging.level", "warn"]],
  ["config types", ["config", "types"]],
  ["config watch", ["config", "watch", "dev"]],
  ["config env export", ["config", "env", "export", scope]],
  ["config env example", ["config", "env", "example", "config/environments/.env.new"]],
  ["config env import", ["config", "env", "import", "config/environments/.env.new"]],
  ["config env check", ["config", "env", "check", "config/environments/.env.new"]],
  ["template render", ["template", "render", "hello.j2", scope]],
  ["secrets init", ["secrets", "init"]],
  ["secrets set", ["secrets", "set", scope, "spotify.api_key"], "a value of some length"],
  ["secrets get", ["secrets", "get", scope, "spotify.api_key"]],
  ["secrets list", ["secrets", "list", scope]],
  ["secrets edit", ["secrets", "edit", scope]],
  ...devSecrets.map(
    (name) => ["secrets set", ["secrets", "set", "dev", name], `the value of ${name}`] as const,
  ),
  ["secrets exec", ["secrets", "exec", "dev", "--all-secrets", "--", "true"]],
  ["exec", ["exec", "dev", "--", "true"]],
  ["secrets export", ["secrets", "export", scope, "--format", "external-secret", "--stdout"]],
  ["secrets encrypt", ["secrets", "encrypt", "plain.json", "--age", stranger]],
  ["secrets decrypt", ["secrets", "decrypt", secretFile]],
  ["secrets add-recipient", ["secrets", "add-recipient", stranger, "--recursive"]],
  ["secrets remove-recipient", ["secrets", "remove-recipient", stranger, "--recursive"]],
  ["secrets rekey", ["secrets", "rekey", secretFile]],
  ["secrets verify", ["secrets", "verify"]],
  ["secrets sign", ["secrets", "sign", secretFile]],
  ["secrets scan", ["secrets", "scan", "lotse.yml"]],
  ["secrets diff", ["secrets", "diff", secretFile]],
  ["secrets merge", ["secrets", "merge", secretFile, secretFile, secretFile]],
  ["secrets git-setup", ["secrets", "git-setup"]],
  ["secrets remove", ["secrets", "remove", scope, "spotify.api_key"]],
  ["release create", ["release", "create", "--version", "1.0.0"]],
  ["release show", ["release", "show", "1.0.0"]],
  ["release list", ["release", "list"]],
  ["release verify", ["release", "verify"]],
  ["release sign", ["release", "sign", "1.0.0"]],
  ["release diff", ["release", "diff", "1.0.0", "1.0.0"]],
  ["release notes", ["release", "notes", "--changelog"]],
  ["release prune", ["release", "prune"]],
  ["deploy", ["deploy", "prod", "--release", "1.0.0", "--tenant", tenant, "--dry-run"]],
  ["rollback", ["rollback", "prod", "--to", "1.0.0", "--tenant", tenant, "--dry-run"]],
  ["status", ["status"]],
  ...["approve", "pause", "resume", "abort", "retry"].map((name) => [name, [name, noRollout]] as const),
  ["worker", ["worker", "--idle", "0s"]],
  ["stop", ["stop"]],
  ["policy check", ["policy", "check", scope]],
  ["policy diff", ["policy", "diff", "HEAD"]],
  ["policy explain", ["policy", "explain", "tls-minimum-version"]],
  ["policy report", ["policy", "report", scope, "--format", "json"]],
  ["policy export", ["policy", "export", scope]],
  ["waivers lint", ["waivers", "lint"]],
  ["waivers list", ["waivers", "list"]],
  ["waivers expiring", ["waivers", "expiring"]],
  ["vulnerability scan", ["vulnerability", "scan", "--file", "package-lock.json", "--osv", "osv"]],
  ["audit log", ["audit", "log"]],
  ["audit show", ["audit", "show", "0"]],
  ["audit prove", ["audit", "prove", "0"]],
  ["audit export", ["audit", "export"]],
  ["audit anchor", ["audit", "anchor"]],
  ["audit retention", ["audit", "retention"]],
  ["audit erase", ["audit", "erase", "nobody"]],
  ["audit restart", ["audit", "restart", "--reason", "the example was cleared"]],
];

/** Commands that end with 1 when they find something, which they do in the example. */
const mayFind = new Set([
  "config env check",
  "config env import",
  "policy check",
  "policy diff",
  "policy report",
  "waivers lint",
]);

describe("every command tells the audit log", () => {
  let example: ReturnType<typeof copyOfExample>;
  let variables: Record<string, string>;
  let postgres: string;

  const contextOf = (input = "", endsAfterMs = 60_000): Context => {
    const plain = createColors(false);
    return {
      out: () => undefined,
      err: () => undefined,
      reveal: () => undefined,
      ask: null,
      cwd: example.directory,
      variables,
      readInput: () => Promise.resolve(input),
      live: false,
      stdoutColours: plain,
      stderrColours: plain,
      signal: AbortSignal.timeout(endsAfterMs),
      sessions: new Map(),
    };
  };

  const sizeOfLog = async (): Promise<number> => {
    const { log } = openSession({ directory: example.directory, variables });
    const size = (await (await log.open()).checkpoint())?.size ?? 0;
    await log.close();
    return size;
  };

  beforeAll(() => {
    example = copyOfExample();
    const home = join(example.directory, "..", `${example.directory.split("/").at(-1)}-home`);
    variables = { PATH: process.env["PATH"] ?? "", HOME: home, USER: "tester", EDITOR: "true" };
    postgres = mkdtempSync(join(tmpdir(), "lotse-access-"));
    chmodSync(postgres, 0o711);
    variables["LOTSE_POSTGRES_DIR"] = join(postgres, "server");
    writeFileSync(join(example.directory, "hello.j2"), "{{ logging.level }}\n");
    const lock = { name: "x", lockfileVersion: 3, packages: { "": { name: "x" } } };
    writeFileSync(join(example.directory, "package-lock.json"), JSON.stringify(lock));
    mkdirSync(join(example.directory, "osv"));
    const known = { id: "TEST-1", modified: "2026-01-01T00:00:00Z", affected: [] };
    writeFileSync(join(example.directory, "osv/TEST-1.json"), JSON.stringify(known));
    writeFileSync(join(example.directory, "plain.json"), '{"a": "b"}\n');
    const git = (...args: readonly string[]): void => {
      execFileSync("git", ["-C", example.directory, ...args], { stdio: "ignore" });
    };
    git("init", "-q");
    git("add", "-A");
    git("-c", "user.email=t@example.com", "-c", "user.name=t", "commit", "-qm", "start");
  });
  afterAll(() => {
    example.remove();
    rmSync(variables["HOME"] ?? "", { recursive: true, force: true });
    rmSync(postgres, { recursive: true, force: true });
  });

  it("all commands are in the table, and none that does not exist", async () => {
    const found: string[] = [];
    const walk = (command: Command): void => {
      if (command.commands.length === 0) found.push(pathOf(command));
      for (const child of command.commands) walk(child);
    };
    walk(await buildProgram(contextOf()));
    expect(Object.keys(accesses).sort()).toEqual([...new Set(found)].sort());
  });

  it("all commands that must leave an entry are called here", () => {
    const must = Object.entries(accesses).flatMap(([name, { kind }]) => (kind === "none" ? [] : [name]));
    expect([...new Set(calls.map(([name]) => name))].sort()).toEqual(must.sort());
  });

  for (const [name, args, input] of calls) {
    it(`lotse ${args.join(" ").replaceAll(stranger, "age1…")}`, async () => {
      const before = await sizeOfLog();
      const messages: string[] = [];
      const context = {
        ...contextOf(input, name === "config watch" ? 200 : undefined),
        err: (text: string) => void messages.push(text),
      };
      const status = await main(args, context);
      const most = args.includes(noRollout) ? 4 : mayFind.has(name) ? 1 : 0;
      expect(status, `${name}: ${messages.join("")}`).toBeLessThanOrEqual(most);
      expect(await sizeOfLog()).toBeGreaterThan(name === "audit restart" ? 0 : before);
    });
  }

  it("and the log verifies afterwards", async () => {
    const { log } = openSession({ directory: example.directory, variables });
    expect(await (await log.open()).verify()).toMatchObject({ ok: true, openIntents: 0 });
    await log.close();
    expect(readFileSync(join(example.directory, ".lotse/.gitignore"), "utf8")).toBe("*\n");
  });
});
