import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson, type Clock } from "../kernel/index.ts";
import { auditFacts } from "../policy/index.ts";
import { smallWorkspace, statusesOf, testTime } from "../policy/testing/workspace.ts";
import { ComplianceChecker } from "./compliance-checker.ts";
import {
  policyCheck,
  policyExplain,
  policyGate,
  policyWaiverExpiring,
  policyWaiverLint,
  policyWaiverList,
} from "./policy.ts";
import { policyDiff } from "./policy-diff.ts";
import { releasedPolicy } from "./release-policy.ts";
import { openSession, type Session } from "./session.ts";

let directory: string;
const clock: Clock = { now: () => testTime, elapsedMs: () => 0, sleep: () => Promise.resolve() };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lotse-policy-"));
  write(smallWorkspace as Readonly<Record<string, string>>);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(tree: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function git(...args: readonly string[]): void {
  const identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
  execFileSync("git", ["-C", directory, ...identity, ...args], { stdio: "pipe" });
}

function commit(): void {
  git("add", "-A");
  git("commit", "-qm", "x");
}

const open = (): Session => openSession({ directory, variables: {}, clock });

const waiver = `check: session-idle-timeout
scope: { environments: [prod], tenants: [radio] }
owner: studio
reason: consoles lose their session on air
approver: ben@example.com
approved: "2026-06-01"
expires: "2026-07-01"
`;
const idleRadio =
  "tenant: { id: radio, frameworks: [gdpr] }\nsecurity: { authentication: { session: { idle_timeout_minutes: 45 } } }\n";

describe("policyCheck", () => {
  it.each([
    [{}, 6],
    [{ environment: "production" }, 2],
    [{ tenant: "shop" }, 3],
    [{ environment: "prod", tenant: "shop" }, 1],
    [{ framework: "pci-dss" }, 3],
    [{ framework: "soc2" }, 0],
  ])("%j gives %i scopes", async (request, scopes) => {
    expect((await policyCheck(open(), request)).summary.scopes).toBe(scopes);
  });

  it.each([
    [{ environment: "live" }, "config.unknown-environment"],
    [{ tenant: "shoop" }, "config.unknown-tenant"],
    [{ environment: "prod", tenant: "shoop" }, "config.unknown-tenant"],
    [{ framework: "sox" }, "policy.framework"],
    [{ changedSince: "no-such" }, "git.failed"],
  ])("refuses %j", async (request, code) => {
    await expect(policyCheck(open(), request)).rejects.toMatchObject({ code });
  });

  it("takes facts of the sources that it is given, and of the last vulnerability scan", async () => {
    mkdirSync(join(directory, ".lotse/policy"), { recursive: true, mode: 0o700 });
    const scan = { scannedAt: "2026-06-14T00:00:00Z", complete: true, findings: [] };
    writeFileSync(join(directory, ".lotse/policy/vulnerabilities.json"), JSON.stringify(scan), {
      mode: 0o600,
    });
    write({
      "environments/base.yml": String(smallWorkspace["environments/base.yml"]).replace(
        "security:\n",
        "security:\n  vulnerability_scanning: { interval_days: 7 }\n",
      ),
    });
    const audit = auditFacts({ ok: true, entries: 3, at: "2026-06-15T00:00:00Z" });
    const run = await policyCheck(open(), { environment: "prod", sources: [audit] });
    expect(statusesOf(run, "audit-log-verifies")).toEqual({ "prod:radio": "pass", "prod:shop": "pass" });
    expect(statusesOf(run, "vulnerabilities-fixed")).toEqual({ "prod:radio": "pass", "prod:shop": "pass" });
  });

  it("since a revision, judges what resolves to something else, and all after a change of the policy", async () => {
    git("init", "-q");
    commit();
    const since = async () => {
      const { results } = await policyCheck(open(), { changedSince: "HEAD" });
      return [...new Set(results.map(({ environment, tenant }) => `${environment}:${tenant ?? ""}`))];
    };
    expect(await since()).toEqual([]);
    write({ "environments/tenants/radio.yml": idleRadio });
    expect(await since()).toEqual(["dev:radio", "staging:radio", "prod:radio"]);
    write({ "environments/prod/tenants/shop.yml": "# only a comment\n" });
    expect(await since()).toHaveLength(3);
    write({ "policy/waivers/w.yml": waiver });
    expect(await since()).toHaveLength(6);
  });
});

describe("waivers", () => {
  it("hold when git says that somebody else wrote them", async () => {
    git("init", "-q");
    write({ "environments/tenants/radio.yml": idleRadio, "policy/waivers/w.yml": waiver });
    const before = await policyCheck(open(), { strict: true });
    expect(statusesOf(before, "session-idle-timeout")["prod:radio"]).toBe("fail");
    expect(await policyWaiverLint(open())).toMatchObject([{ code: "waiver.approval", severity: "warning" }]);
    commit();
    const after = await policyCheck(open(), { strict: true });
    expect(statusesOf(after, "session-idle-timeout")).toMatchObject({
      "prod:radio": "waived",
      "staging:radio": "fail",
      "prod:shop": "pass",
    });
    expect(await policyWaiverLint(open())).toEqual([]);
    expect(await policyWaiverList(open())).toMatchObject([{ id: "w", state: "active", daysLeft: 16 }]);
    expect(await policyWaiverExpiring(open(), 15)).toEqual([]);
    expect(await policyWaiverExpiring(open())).toHaveLength(1);
  });

  it.each([
    ["an edit of a path", "config.set", "policy/waivers/w.yml#expires", "ann@example.com", "active"],
    ["the approver's own edit", "config.set", "policy/waivers/w.yml#expires", "Ben@example.com", "broken"],
    ["the whole file", "waiver.create", "policy/waivers/w.yml", "ben@example.com", "broken"],
    ["another file", "config.set", "policy/waivers/w.yml.orig#expires", "ben@example.com", "unverified"],
    ["a read", "config.read", "policy/waivers/w.yml", "ben@example.com", "unverified"],
  ])("have authors from the audit log where git knows none: %s", async (_, action, object, id, state) => {
    write({ "policy/waivers/w.yml": waiver });
    const session = openSession({ directory, variables: { LOTSE_ACTOR: id }, clock });
    await session.recorder.change({ action, object }, () => Promise.resolve());
    expect(await policyWaiverList(open())).toMatchObject([{ state }]);
  });

  it("have their authors from git alone once they are committed", async () => {
    git("init", "-q");
    write({ "policy/waivers/w.yml": waiver });
    commit();
    const session = openSession({ directory, variables: { LOTSE_ACTOR: "ben@example.com" }, clock });
    const access = { action: "config.set", object: "policy/waivers/w.yml#expires" };
    await session.recorder.change(access, () => Promise.resolve());
    expect(await policyWaiverList(open())).toMatchObject([{ state: "active" }]);
  });

  it("do not hold when their approver wrote them", async () => {
    git("init", "-q");
    write({
      "environments/tenants/radio.yml": idleRadio,
      "policy/waivers/w.yml": waiver.replace("ben@", "ann@"),
    });
    commit();
    expect(statusesOf(await policyCheck(open()), "session-idle-timeout")["prod:radio"]).toBe("fail");
    expect(await policyWaiverLint(open())).toMatchObject([{ code: "waiver.approval", severity: "error" }]);
  });
});

describe("policyDiff", () => {
  it("says what a change breaks, against a revision and between two", async () => {
    git("init", "-q");
    commit();
    write({ "environments/tenants/radio.yml": idleRadio });
    const now = await policyDiff(open(), { from: "HEAD" });
    expect(now).toMatchObject({ from: "HEAD", to: null, ok: false });
    expect(now.sentences).toEqual([
      "this change breaks GDPR Art. 32 (session-idle-timeout) for radio in staging, prod",
    ]);
    commit();
    const between = await policyDiff(open(), { from: "HEAD~1", to: "HEAD" });
    expect(between.sentences).toEqual(now.sentences);
    const back = await policyDiff(open(), { from: "HEAD", to: "HEAD~1" });
    expect(back.ok).toBe(true);
    expect(back.changes.map(({ kind }) => kind)).toEqual(["mends"]);
  });

  it("compares the policy of both sides, too, and keeps the modules at hand", async () => {
    git("init", "-q");
    const module = (wanted: number): string => `export default {
  id: "own-rule", title: "t", severity: "low", why: "w", remedy: "r", facts: ["session.idle_timeout_minutes"],
  rule: (facts) => facts.number("session.idle_timeout_minutes") === ${wanted}
    ? { status: "pass", message: "yes" } : { status: "fail", message: "no" },
  examples: { pass: {}, fail: {} },
};\n`;
    write({
      "policy/checks/own-rule.mjs": module(15),
      "policy/frameworks/own.yml":
        "id: own\ntitle: Own\nrequirements: [{ id: O1, title: t, checks: [own-rule] }]\n",
    });
    commit();
    write({
      "policy/policy.yml": "version: 1\nframeworks: { tenants: { shop: [own] } }\n",
      "environments/tenants/radio.yml": idleRadio,
    });
    const { changes } = await policyDiff(open(), { from: "HEAD" });
    expect(changes.map(({ kind, framework }) => `${kind} ${framework ?? ""}`)).toEqual(["breaks gdpr"]);
    write({ "environments/tenants/shop.yml": idleRadio.replaceAll("radio", "shop") });
    const more = await policyDiff(open(), { from: "HEAD" });
    expect(more.sentences).toContain("this change breaks Own O1 (own-rule) for shop in dev, staging, prod");
  });

  it("refuses a revision that does not exist", async () => {
    git("init", "-q");
    commit();
    await expect(policyDiff(open(), { from: "nope" })).rejects.toMatchObject({ code: "git.failed" });
  });
});

it("a broken tenant makes a comparison fail, and is named", async () => {
  git("init", "-q");
  commit();
  write({ "environments/tenants/radio.yml": "tenant: { id: radio, frameworks: [gdpr] }\nx: { a: [1\n" });
  const diff = await policyDiff(open(), { from: "HEAD" });
  expect(diff.ok).toBe(false);
  expect(diff.unresolved?.map(({ environment, tenant }) => `${environment}:${tenant ?? ""}`)).toEqual([
    "dev:radio",
    "staging:radio",
    "prod:radio",
  ]);
  commit();
  expect(await policyDiff(open(), { from: "HEAD" })).toMatchObject({ ok: false, changes: [] });
});

describe("policyGate", () => {
  const scopes = [{ environment: "prod", tenant: "radio" }];
  const bad = { "environments/prod/prod.yml": "environment: { name: prod, data_source: synthetic }\n" };

  it("is open where the workspace has no policy, and the result is known all the same", async () => {
    write(bad);
    const gate = await policyGate(open(), scopes);
    expect(gate).toMatchObject({ asked: false, ok: true, findings: [] });
    expect(statusesOf(gate.run, "tls-minimum-version")).toEqual({ "prod:radio": "fail" });
    expect(gate.run.summary).toMatchObject({ ok: false, scopes: 1 });
  });

  it("a release of the same result holds the same object, whenever it was made", async () => {
    const stored = async (time: string): Promise<string> => {
      const later: Clock = { ...clock, now: () => new Date(time) };
      const { run, asked } = await policyGate(
        openSession({ directory, variables: {}, clock: later }),
        scopes,
      );
      return canonicalJson(releasedPolicy(run, asked));
    };
    const first = await stored("2026-06-15T12:00:00Z");
    expect(await stored("2026-06-15T18:30:00Z")).toBe(first);
    expect(JSON.parse(first)).toMatchObject({ enforced: false, summary: { scopes: 1 } });
  });

  it("stays shut for what does not resolve", async () => {
    write({
      "policy/policy.yml": "version: 1\n",
      "environments/tenants/radio.yml": "tenant: { id: radio }\nx: { a: [1\n",
    });
    expect(await policyGate(open(), scopes)).toMatchObject({ ok: false, findings: [{ tenant: "radio" }] });
    expect((await policyGate(open(), [{ environment: "dev", tenant: "shop" }])).ok).toBe(true);
  });

  it("refuses what the profile forbids, in the scopes of the release only", async () => {
    write({ ...bad, "policy/policy.yml": "version: 1\n" });
    const gate = await policyGate(open(), scopes);
    expect(gate).toMatchObject({ asked: true, ok: false });
    expect(new Set(gate.findings.map(({ tenant }) => tenant))).toEqual(new Set(["radio"]));
    expect(gate.run?.summary.scopes).toBe(1);
    expect((await policyGate(open(), [{ environment: "dev", tenant: "radio" }])).ok).toBe(true);
  });
});

it("policyExplain explains a check of the workspace", async () => {
  expect(await policyExplain(open(), "session-idle-timeout")).toMatchObject({
    number: 15,
    facts: [
      {
        name: "session.idle_timeout_minutes",
        paths: ["security.authentication.session.idle_timeout_minutes"],
      },
    ],
  });
});

describe("ComplianceChecker", () => {
  const checker = (parts: object = {}) => new ComplianceChecker({ directory, variables: {}, ...parts });

  it.each([
    ["gdpr", 6, () => checker().checkGdprCompliance()],
    ["pci-dss", 3, () => checker().checkPciDssCompliance()],
    ["soc2", 0, () => checker().checkSoc2Compliance()],
    ["hipaa", 0, () => checker().checkHipaaCompliance()],
    ["iso27001", 0, () => checker().checkIso27001Compliance()],
  ])("checks %s where it applies", async (framework, scopes, check) => {
    const run = await check();
    expect(run.summary.scopes).toBe(scopes);
    expect(run.summary.frameworks.map((each) => each.framework)).toEqual(scopes === 0 ? [] : [framework]);
  });

  it("audits everything, or what it was made for", async () => {
    expect((await checker().securityAudit()).summary).toMatchObject({ scopes: 6, strict: false });
    expect(
      (await checker({ environment: "prod", tenant: "shop", strict: true }).securityAudit()).summary,
    ).toMatchObject({
      scopes: 1,
      strict: true,
      ok: false,
    });
  });

  it("writes reports", async () => {
    const report = JSON.parse(await checker().generateReport("sarif")) as { readonly version: string };
    expect(report.version).toBe("2.1.0");
    expect(await checker().generateReport()).toContain("<html");
  });
});

describe("the example workspace", () => {
  it("shows a newcomer a few honest failures, and none that its gate forbids", async () => {
    const example = join(import.meta.dirname, "../../../../examples/spotify-ai-agent");
    for (const name of ["lotse.yml", "environments", "schema", "policy", "templates"])
      cpSync(join(example, name), join(directory, name), { recursive: true, force: true });
    rmSync(join(directory, "environments/tenants/radio.yml"));
    rmSync(join(directory, "environments/tenants/shop.yml"));
    const day: Clock = { ...clock, now: () => new Date("2026-11-21T12:00:00Z") };
    const session = openSession({ directory, variables: {}, clock: day });
    const run = await policyCheck(session);
    const failed = run.results.filter(({ status }) => status === "fail");
    expect(
      failed.map(({ check, environment, tenant }) => `${check} ${environment}:${tenant ?? ""}`).sort(),
    ).toEqual([
      "access-reviewed prod:red-gum-tickets",
      "access-reviewed staging:red-gum-tickets",
      "replicas-over-zones prod:kammerton-conservatory",
      "restore-drill prod:lakemere-hospital",
      "retention-and-purge prod:radio-alpenglow",
    ]);
    expect(
      run.results
        .filter(({ status }) => status === "waived")
        .map(({ check, tenant }) => `${check} ${tenant ?? ""}`),
    ).toEqual(["key-rotation red-gum-tickets", "key-rotation red-gum-tickets"]);
    expect(run.summary.counts.pass).toBeGreaterThan(1000);
    const later: Clock = { ...clock, now: () => new Date("2030-01-01T12:00:00Z") };
    const scopes = session.engine.workspace.environments.flatMap((name) => session.engine.scopes(name));
    const gate = await policyGate(openSession({ directory, variables: {}, clock: later }), scopes);
    expect(gate).toMatchObject({ asked: true, ok: true });
  });
});
