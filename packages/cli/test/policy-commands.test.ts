import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createColors } from "picocolors";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Command } from "commander";
import { openSession, reportFormats, scanVulnerabilities } from "@lotse/core/app";
import { printed } from "@lotse/core/contract";
import type { Exec } from "@lotse/core/kernel";
import type { Context } from "../src/context.ts";
import { main } from "../src/main.ts";
import { buildProgram } from "../src/program.ts";
import { copyOfExample, root } from "./cli-runner.ts";

let directory: string;
let remove: () => void;

/** Each test gets a copy of the example of its own. */
function inOwnWorkspace(): void {
  beforeEach(() => {
    ({ directory, remove } = copyOfExample());
  });
  afterEach(() => remove());
}

/** Tests that change nothing share a copy of the example. */
function inSharedWorkspace(): void {
  beforeAll(() => {
    ({ directory, remove } = copyOfExample());
  });
  afterAll(() => remove());
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function contextOf(out: (text: string) => void, err: (text: string) => void): Context {
  return {
    out,
    err,
    reveal: (content) => out(Buffer.from(content).toString("utf8")),
    cwd: directory,
    variables: { USER: "tester", HOME: directory },
    readInput: () => Promise.resolve(""),
    ask: null,
    live: false,
    stdoutColours: createColors(false),
    stderrColours: createColors(false),
    signal: new AbortController().signal,
    sessions: new Map(),
  };
}

/** Runs the command line in this process. */
async function lotse(...args: readonly string[]): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const status = await main(
    args,
    contextOf(
      (text) => (stdout += text),
      (text) => (stderr += text),
    ),
  );
  return { status, stdout, stderr };
}

const run = (text: string) => printed["policy-check"].parse(JSON.parse(text));

function git(...args: readonly string[]): void {
  execFileSync("git", ["-c", "user.name=ada", "-c", "user.email=ada@example.com", ...args], {
    cwd: directory,
    stdio: "pipe",
  });
}

describe("policy check", () => {
  inOwnWorkspace();

  test("prints what its schema says, and ends as its summary says", async () => {
    const { status, stdout } = await lotse("policy", "check", "prod", "-o", "json");
    const { summary, results } = run(stdout);
    expect(new Set(results.map(({ environment }) => environment))).toEqual(new Set(["prod"]));
    expect(new Set(results.map(({ tenant }) => tenant)).size).toBe(summary.scopes);
    expect(results.length).toBeGreaterThan(100);
    expect(status).toBe(summary.ok ? 0 : 1);
    for (const { evidence, status } of results)
      if (status === "pass") expect(evidence.length).toBeGreaterThan(0);
  });

  test("judges one tenant, written in either way, by one framework", async () => {
    const args = ["--framework", "gdpr", "-o", "json"];
    const one = await lotse("policy", "check", "prod", "--tenant", "nordlicht-records", ...args);
    const other = await lotse("policy", "check", "prod:nordlicht-records", ...args);
    const told = (text: string) =>
      run(text).results.map(({ check, status, message }) => [check, status, message]);
    expect(told(other.stdout)).toEqual(told(one.stdout));
    const { results } = run(one.stdout);
    expect(new Set(results.map(({ tenant }) => tenant))).toEqual(new Set(["nordlicht-records"]));
    expect(
      new Set(results.flatMap(({ requirements }) => requirements.map(({ framework }) => framework))),
    ).toEqual(new Set(["gdpr"]));
  });

  test("for people it names each finding once, with where and what to do, and never says compliant", async () => {
    const { stdout } = await lotse("policy", "check", "prod");
    expect(stdout).toMatch(/\d+ of \d+ machine-checkable requirements evidenced/u);
    expect(stdout).toContain("remedy:");
    expect(stdout).not.toMatch(/compliant/iu);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^(?:passed|failed): \d+ checks/u);
  });

  test("a tenant that does not resolve is told, and hides nobody", async () => {
    const file = join(directory, "environments/tenants/radio-alpenglow.yml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\nnote: { a: [1\n`);
    const { status, stdout, stderr } = await lotse("policy", "check", "prod", "-o", "json");
    expect(status).toBe(1);
    expect(stderr).toContain("environments/tenants/radio-alpenglow.yml:");
    const { unresolved, results } = run(stdout);
    expect(unresolved?.map(({ tenant }) => tenant)).toEqual(["radio-alpenglow"]);
    expect(results.filter(({ status: one }) => one === "pass").length).toBeGreaterThan(200);
    expect((await lotse("policy", "check", "prod", "--tenant", "radio-alpenglow")).status).toBe(1);
  });

  test("a tenant under a framework that nobody described fails, and hides nobody", async () => {
    const tenant = join(directory, "environments/tenants/klangwerk-streaming.yml");
    writeFileSync(tenant, readFileSync(tenant, "utf8").replace("frameworks: [", "frameworks: [pci, "));
    const { status, stdout } = await lotse("policy", "check", "dev", "-o", "json");
    expect(status).toBe(1);
    const { results, summary } = run(stdout);
    expect(results.find(({ check }) => check === "frameworks-described")).toMatchObject({
      environment: "dev",
      tenant: "klangwerk-streaming",
      status: "fail",
      evidence: [{ file: "environments/tenants/klangwerk-streaming.yml", line: 7 }],
    });
    expect(summary.scopes).toBeGreaterThan(1);
    const people = await lotse("policy", "check", "dev");
    expect(people.stdout).toContain("There is no framework pci");
  });

  test("a reference without an answer is told as a tenant that does not resolve", async () => {
    const tenant = join(directory, "environments/tenants/klangwerk-streaming.yml");
    writeFileSync(tenant, `${readFileSync(tenant, "utf8")}\nx: "\${no.such.path}"\n`);
    const { status, stdout } = await lotse("policy", "check", "dev", "-o", "json");
    expect(status).toBe(1);
    const line = readFileSync(tenant, "utf8").split("\n").length - 1;
    expect(run(stdout).unresolved).toMatchObject([
      {
        tenant: "klangwerk-streaming",
        where: { file: "environments/tenants/klangwerk-streaming.yml", line },
      },
    ]);
  });

  test("a strict run fails for what is unknown", async () => {
    const { status, stdout } = await lotse("policy", "check", "prod", "--strict", "-o", "json");
    const { summary } = run(stdout);
    expect(summary.counts.unknown).toBeGreaterThan(0);
    expect([summary.strict, summary.ok, status]).toEqual([true, false, 1]);
  });

  test("a whole run is kept for the trend, a part of one is not", async () => {
    const path = join(directory, ".lotse/policy/history.json");
    await lotse("policy", "check", "prod");
    expect(() => statSync(path)).toThrow("ENOENT");
    await lotse("policy", "check");
    await lotse("policy", "check", "--all");
    const days = (JSON.parse(readFileSync(path, "utf8")) as { at: string }[]).map(({ at }) =>
      at.slice(0, 10),
    );
    expect(days).toEqual([...new Set(days)]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, "{");
    expect((await lotse("policy", "report", "--format", "html")).status).toBe(0);
  });
});

describe("a wrong call", () => {
  inSharedWorkspace();

  test.each([
    [["policy", "check", "nowhere"], 4],
    [["policy", "check", "prod", "--tenant", "nobody"], 4],
    [["policy", "check", "--framework", "nothing"], 3],
    [["policy", "check", "prod", "--all"], 2],
    [["policy", "check", "--format", "pdf"], 2],
    [["policy", "check", "prod", "--report", "policy.doc"], 2],
    [["policy", "report"], 2],
    [["policy", "report", "--format", "html", "--from", "nothing.json"], 3],
    [["policy", "explain", "no-such-check"], 3],
    [["policy", "export", "--send", "a b:c"], 2],
    [["policy", "export", "--audit", "--since", "soon"], 2],
    [["waivers", "expiring", "--days", "soon"], 2],
    [["vulnerability", "scan"], 3],
    [["vulnerability", "scan", "--osv", "nowhere"], 3],
    [["vulnerability", "scan", "--npm-audit", "--term", "critical"], 2],
  ])("%j ends with %i", async (args, status) => {
    const ended = await lotse(...args);
    expect([ended.status, ended.stdout]).toEqual([status, ""]);
    expect(ended.stderr).not.toBe("");
  });
});

describe("reports", () => {
  inSharedWorkspace();

  test.each([
    ["policy.html", /^<!doctype html>/u],
    ["policy.md", /^# Policy report/u],
    ["policy.sarif", /"version": "2\.1\.0"/u],
    ["policy.xml", /^<\?xml/u],
    ["policy.oscal.json", /"assessment-results"/u],
    ["policy.json", /^\{\n {2}"summary"/u],
  ])("%s gets its form from its name, for its user alone, besides the result", async (name, expected) => {
    const { stdout, stderr } = await lotse("policy", "check", "prod:nordlicht-records", "--report", name);
    expect(stdout).toContain("machine-checkable requirements evidenced");
    expect(stderr).toContain(`written to ${name}`);
    expect(readFileSync(join(directory, name), "utf8")).toMatch(expected);
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  test("a stored run gives the same report as the run itself", async () => {
    const { stdout } = await lotse("policy", "check", "prod", "-o", "json");
    writeFileSync(join(directory, "run.json"), stdout);
    for (const format of reportFormats) {
      const ended = await lotse(
        "policy",
        "report",
        "--from",
        "run.json",
        "--format",
        format,
        "--title",
        "Stored",
      );
      expect([format, ended.status]).toEqual([format, 0]);
      expect(ended.stdout.length).toBeGreaterThan(1000);
      if (format === "json") expect(run(ended.stdout)).toEqual(run(stdout));
    }
  });

  test.each(["{", "[]", '{"summary":{},"results":[]}'])("%s is no run", async (text) => {
    writeFileSync(join(directory, "run.json"), text);
    const ended = await lotse("policy", "report", "--from", "run.json", "--format", "html");
    expect([ended.status, ended.stdout]).toEqual([3, ""]);
    expect(ended.stderr).toContain("policy.report");
  });

  test("instead of the result where no file is named", async () => {
    const { stdout, status } = await lotse("policy", "check", "prod", "--format", "json");
    expect(status).toBe(run(stdout).summary.ok ? 0 : 1);
  });
});

describe("policy diff and explain", () => {
  inOwnWorkspace();

  test("a change that breaks requirements is told, with how many tenants, and ends with 1", async () => {
    git("init", "--quiet");
    git("add", "-A");
    git("commit", "--quiet", "-m", "before");
    expect(await lotse("policy", "diff")).toMatchObject({
      status: 0,
      stdout: "the policy judges both alike\n",
    });
    const file = join(directory, "environments/base.yml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/^( *debug:) false/mu, "$1 true"));
    expect(readFileSync(file, "utf8")).not.toBe(text);
    const ended = await lotse("policy", "diff", "HEAD", "-o", "json");
    const diff = printed["policy-diff"].parse(JSON.parse(ended.stdout));
    expect([ended.status, diff.ok, diff.from, diff.to]).toEqual([1, false, "HEAD", null]);
    expect(diff.changes.filter(({ kind }) => kind === "breaks").map(({ check }) => check)).toContain(
      "debug-off",
    );
    expect((await lotse("policy", "diff")).stdout).toMatch(/^breaks .*tenant/mu);
  });

  test("a check is explained by its id and by its number", async () => {
    const byId = await lotse("policy", "explain", "vulnerabilities-fixed", "-o", "json");
    expect(printed["policy-explain"].parse(JSON.parse(byId.stdout))).toMatchObject({
      number: 27,
      severity: "high",
    });
    expect((await lotse("policy", "explain", "27", "-o", "json")).stdout).toBe(byId.stdout);
    expect((await lotse("policy", "explain", "27")).stdout).toContain("passes with");
  });
});

describe("waivers", () => {
  inOwnWorkspace();

  test("are listed, checked, and told when they end", async () => {
    const list = await lotse("waivers", "list", "-o", "json");
    const waivers = printed["waivers-list"].parse(JSON.parse(list.stdout));
    expect([list.status, waivers.length > 0]).toEqual([0, true]);
    const lint = await lotse("waivers", "lint", "-o", "json");
    printed["waivers-lint"].parse(JSON.parse(lint.stdout));
    const all = await lotse("waivers", "expiring", "--days", "9999", "-o", "json");
    expect([all.status, JSON.parse(all.stdout)]).toEqual([1, waivers]);
    expect((await lotse("waivers", "list")).stdout).toContain(waivers[0]?.id);
  });

  test("a broken one is a finding", async () => {
    writeFileSync(join(directory, "policy/waivers/broken.yml"), "version: 1\n");
    const { status, stdout } = await lotse("waivers", "lint");
    expect([status, /broken\.yml/u.test(stdout)]).toEqual([1, true]);
  });
});

describe("policy export", () => {
  inSharedWorkspace();

  test("a line is an event as its schema says, from the findings and the audit log", async () => {
    const { status, stdout } = await lotse("policy", "export", "prod", "--audit");
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => printed["siem-event"].parse(JSON.parse(line)));
    expect(status).toBe(0);
    expect(events.filter(({ kind }) => kind === "policy").length).toBeGreaterThan(0);
    expect(events.map(({ action }) => action)).toContain("policy.export");
    expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort());
  });

  test.each([
    ["cef", /^CEF:0\|Lotse\|Lotse\|/u],
    ["syslog", /^<1\d\d>1 /u],
  ])("every line of %s is one", async (format, expected) => {
    const { stdout } = await lotse("policy", "export", "prod", "--format", format);
    for (const line of stdout.trimEnd().split("\n")) expect(line).toMatch(expected);
  });

  test("a collector that is not there is an error that says so", async () => {
    const { status, stderr } = await lotse("policy", "export", "prod", "--send", "127.0.0.1:1");
    expect([status, stderr.includes("siem.unreachable")]).toEqual([6, true]);
  });
});

describe("vulnerability scan", () => {
  inOwnWorkspace();

  const record = (): string => join(directory, ".lotse/policy/vulnerabilities.json");
  const write = (name: string, value: unknown): void => {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), typeof value === "string" ? value : JSON.stringify(value));
  };
  const advisory = (version: string, more = {}): unknown => ({
    id: "GHSA-test",
    modified: "2020-02-02T00:00:00Z",
    published: "2020-02-01T00:00:00Z",
    affected: [
      {
        package: { ecosystem: "npm", name: "left" },
        ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: version }] }],
      },
    ],
    database_specific: { severity: "CRITICAL" },
    ...more,
  });
  const verdict = async (): Promise<string[]> => {
    const { stdout } = await lotse("policy", "check", "prod:nordlicht-records", "-o", "json");
    return run(stdout)
      .results.filter(({ check }) => check === "vulnerabilities-fixed")
      .map(({ status }) => status);
  };

  beforeEach(() => {
    for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
      if (name.endsWith("package-lock.json")) rmSync(join(directory, name));
    }
    write("app/package-lock.json", {
      lockfileVersion: 3,
      packages: { "node_modules/left": { version: "1.0.0" } },
    });
    write("mirror/npm/GHSA-test.json", advisory("1.1.0"));
  });

  test("a critical hole past its term fails the scan and check 27, and its update mends both", async () => {
    expect(await verdict()).toEqual(["unknown"]);
    const ended = await lotse("vulnerability", "scan", "--osv", "mirror", "-o", "json");
    const scan = printed["vulnerability-scan"].parse(JSON.parse(ended.stdout));
    expect([ended.status, scan.complete]).toEqual([1, true]);
    expect(scan.findings).toMatchObject([
      {
        id: "GHSA-test",
        package: "left",
        fixedIn: "1.1.0",
        severity: "critical",
        dueAt: "2020-02-08T00:00:00.000Z",
        overdue: true,
      },
    ]);
    expect(JSON.parse(readFileSync(record(), "utf8"))).toEqual(scan);
    expect(statSync(record()).mode & 0o777).toBe(0o600);
    expect(await verdict()).toEqual(["fail"]);
    write("app/package-lock.json", {
      lockfileVersion: 3,
      packages: { "node_modules/left": { version: "1.1.0" } },
    });
    expect((await lotse("vulnerability", "scan", "--osv", "mirror")).status).toBe(0);
    expect(await verdict()).toEqual(["pass"]);
  });

  test("an ecosystem that no advisory is about is not clean, and the record before stays", async () => {
    await lotse("vulnerability", "scan", "--osv", "mirror");
    const before = readFileSync(record(), "utf8");
    write("app/requirements.txt", "jinja2==3.1.2\n");
    const { status, stdout, stderr } = await lotse("vulnerability", "scan", "--osv", "mirror");
    expect([status, stdout.includes("not covered: PyPI"), stderr.includes("incomplete")]).toEqual([
      1,
      true,
      true,
    ]);
    expect(readFileSync(record(), "utf8")).toBe(before);
  });

  test.each([
    [
      "refuses",
      { status: 1, stdout: '{"error":{"code":"ENOAUDIT","summary":"no audit here"}}', stderr: "" },
      "npm audit was refused: no audit here",
    ],
    ["prints nothing", { status: 1, stdout: "", stderr: "" }, "npm audit printed no JSON"],
  ])("a registry that %s is not clean", async (_, answer, reason) => {
    const exec: Exec = (program) =>
      Promise.resolve(program === "npm" ? answer : { status: 1, stdout: "", stderr: "" });
    const session = openSession({ directory, variables: { USER: "tester" }, exec });
    const { record: scan, written } = await scanVulnerabilities(session, { from: directory, npmAudit: true });
    expect([written, scan.complete, scan.sources[0]?.reason]).toEqual([false, false, reason]);
    expect(() => statSync(record())).toThrow("ENOENT");
    await session.log.close();
  });

  test("an image's packages are scanned by its release", async () => {
    write(
      "image/var/lib/dpkg/status",
      "Package: openssl\nStatus: install ok installed\nVersion: 3.0.11-1~deb12u1\n",
    );
    write("image/etc/os-release", 'ID=debian\nVERSION_ID="12"\n');
    const debian = (ecosystem: string, fixed: string): unknown => ({
      ...(advisory("1") as object),
      id: `DSA-${ecosystem}`,
      affected: [
        {
          package: { ecosystem, name: "openssl" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
        },
      ],
    });
    write("mirror/a.json", [debian("Debian:12", "3.0.11-1~deb12u2"), debian("Debian:11", "9")]);
    const { stdout } = await lotse(
      "vulnerability",
      "scan",
      "--osv",
      "mirror/a.json",
      "--file",
      "image/var/lib/dpkg/status",
      "-o",
      "json",
    );
    expect(printed["vulnerability-scan"].parse(JSON.parse(stdout)).findings).toMatchObject([
      { id: "DSA-Debian:12", ecosystem: "Debian:12", fixedIn: "3.0.11-1~deb12u2" },
    ]);
  });

  test("terms can be shorter", async () => {
    const published = new Date(Date.now() - 5 * 86_400_000).toISOString();
    write("mirror/npm/GHSA-test.json", advisory("1.1.0", { published }));
    expect((await lotse("vulnerability", "scan", "--osv", "mirror")).status).toBe(0);
    expect((await lotse("vulnerability", "scan", "--osv", "mirror", "--term", "critical=3")).status).toBe(1);
  });
});

describe("playbooks", () => {
  const directoryOfPlaybooks = join(root, "docs/playbooks");
  const lines = readdirSync(directoryOfPlaybooks).flatMap((name) =>
    readFileSync(join(directoryOfPlaybooks, name), "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("lotse "))
      .map((line) => [name, line] as const),
  );

  test("hold commands", () => {
    expect(lines.length).toBeGreaterThan(50);
  });

  test.each(lines)("%s: %s is a command that there is", async (_, line) => {
    const words = (line.split(" > ", 1)[0] ?? "").match(/"[^"]*"|\S+/gu)?.slice(1) ?? [];
    let command: Command = await buildProgram(
      contextOf(
        () => undefined,
        () => undefined,
      ),
    );
    while (words[0] !== undefined) {
      const next = command.commands.find((one) => one.name() === words[0]);
      if (next === undefined) break;
      command = next;
      words.shift();
    }
    expect(command.commands).toEqual([]);
    const { operands, unknown } = command.parseOptions(words);
    expect(unknown).toEqual([]);
    const wanted = command.registeredArguments;
    expect(operands.length).toBeGreaterThanOrEqual(wanted.filter(({ required }) => required).length);
    if (!wanted.some(({ variadic }) => variadic)) expect(operands.length).toBeLessThanOrEqual(wanted.length);
    for (const option of command.options) if (option.mandatory) expect(line).toContain(option.long);
  });
});
