import { describe, expect, it } from "vitest";
import { MemoryFiles, type Tree } from "../config/testing/workspace.ts";
import { comparePolicyRuns, describeChange } from "./difference.ts";
import { explainCheck } from "./explain.ts";
import { judgeGate } from "./gate.ts";
import { profileOf } from "./profiles/profile.ts";
import { loadRules, packagedRules } from "./rules.ts";
import { policyOf, testTime } from "./testing/workspace.ts";

const load = (tree: Tree) => loadRules(new MemoryFiles(tree));

describe("loadRules", () => {
  it("needs no file", async () => {
    const rules = await load({});
    expect(rules.configured).toBe(false);
    expect(rules.settings).toMatchObject({ strict: false, waivers: { "max-days": 180 } });
    expect(rules.frameworks.map(({ id }) => id)).toEqual(["gdpr", "hipaa", "iso27001", "pci-dss", "soc2"]);
  });

  it("takes frameworks, checks and profiles of the workspace, and lets them replace ours by id", async () => {
    const rules = await load({
      "policy/policy.yml": "version: 1\n",
      "policy/frameworks/own.yml":
        "id: own\ntitle: Own\nrequirements: [{ id: O1, title: t, checks: [own-check] }]\n",
      "policy/frameworks/soc2.json": JSON.stringify({
        id: "soc2",
        title: "Ours",
        requirements: [{ id: "CC6.1", title: "t", checks: ["secret-age"] }],
      }),
      "policy/checks/own-check.yml":
        "id: own-check\ntitle: t\nseverity: low\nwhy: w\nremedy: r\nassert: { path: a, equals: 1 }\nexamples: { pass: { a: 1 }, fail: { a: 2 } }\n",
      "policy/profiles/qa.yml":
        "id: qa\ntitle: QA\nkind: staging\nenvironments: [qa, staging]\nchecks: [own-check]\n",
    });
    expect(rules.configured).toBe(true);
    expect(rules.frameworks.find(({ id }) => id === "soc2")?.requirements).toHaveLength(1);
    expect(rules.frameworks.map(({ id }) => id)).toContain("own");
    expect(rules.checks.at(-1)).toMatchObject({ id: "own-check", examples: { pass: { "config:a": 1 } } });
    expect(profileOf("qa", rules.profiles, {}).id).toBe("qa");
    // Ours claims staging as well, but is asked after theirs.
    expect(profileOf("staging", rules.profiles, {}).id).toBe("qa");
    expect(profileOf("uat", rules.profiles, {}).id).toBe("staging");
  });

  it.each<[string, Tree, string, string]>([
    [
      "a framework of a wrong shape",
      { "policy/frameworks/x.yml": "id: x\ntitle: X\nrequirements: []\n" },
      "policy.framework",
      "requirements",
    ],
    [
      "a framework that names no check",
      {
        "policy/frameworks/x.yml":
          "id: x\ntitle: X\nrequirements: [{ id: A, title: t, checks: [secret-aeg] }]\n",
      },
      "policy.framework",
      "secret-aeg",
    ],
    [
      "a profile that names no check",
      { "policy/profiles/x.yml": "id: x\ntitle: X\nkind: staging\nchecks: [nope]\n" },
      "policy.profile",
      "nope",
    ],
    [
      "a gate that names no check",
      { "policy/profiles/x.yml": "id: x\ntitle: X\nkind: staging\ngate: { except: [nope] }\n" },
      "policy.profile",
      "nope",
    ],
    [
      "settings with an unknown key",
      { "policy/policy.yml": "version: 1\nwaiver: {}\n" },
      "policy.profile",
      "waiver",
    ],
    [
      "a fact that points to no path",
      { "policy/policy.yml": "version: 1\nfacts: { tls.min_version: 'a..b' }\n" },
      "policy.profile",
      "a..b",
    ],
    [
      "a fact of no subject",
      { "policy/policy.yml": "version: 1\nfacts: { speed: a }\n" },
      "policy.profile",
      "speed",
    ],
  ])("refuses %s", async (_, tree, code, message) => {
    await expect(load(tree)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("profileOf", () => {
  const { profiles } = packagedRules();

  it.each([
    ["dev", {}, "development"],
    ["preview-12", {}, "development"],
    ["staging-eu", {}, "staging"],
    ["prod", {}, "production"],
    ["something-new", {}, "production"],
    ["prod", { prod: "staging" }, "staging"],
  ])("%s with %j is %s", (environment, assigned, id) => {
    expect(profileOf(environment, profiles, assigned as Record<string, string>).id).toBe(id);
  });

  it("refuses an assigned profile that does not exist", () => {
    expect(() => profileOf("prod", profiles, { prod: "strict" })).toThrow(
      /profile strict, which does not exist/u,
    );
  });
});

describe("settings", () => {
  it("say where facts stand in a workspace of another layout, the first path that has a value", async () => {
    const { session } = await policyOf({
      "policy/policy.yml": "version: 1\nfacts: { tls.min_version: [edge.tls, ingress.tls] }\n",
      "environments/base.yml":
        'ingress: { tls: "1.0" }\ntenant: { frameworks: [] }\ncompliance: { frameworks: [gdpr] }\n',
    });
    const run = session.run({ at: testTime });
    const result = run.results.find(
      ({ check, environment }) => check === "tls-minimum-version" && environment === "prod",
    );
    expect(result).toMatchObject({ status: "fail", message: "TLS 1.0 is allowed, 1.3 is the least" });
    expect(result?.evidence.at(-1)).toMatchObject({
      path: "ingress.tls",
      file: "environments/base.yml",
      line: 1,
    });
  });

  it("make a run strict, and bound waivers", async () => {
    const tree: Tree = {
      "policy/policy.yml": "version: 1\nstrict: true\nwaivers: { max-days: 10 }\n",
      "policy/waivers/w.yml": `check: session-idle-timeout
scope: { environments: ["*"] }
owner: somebody
reason: for the time being
approver: ben@example.com
approved: "2026-06-10"
expires: "2026-06-30"
`,
      "environments/prod/prod.yml":
        "environment: { name: prod, data_source: live }\nsecurity: { authentication: { session: { idle_timeout_minutes: 30 } } }\n",
    };
    const { session } = await policyOf(tree, {
      authors: new Map([["policy/waivers/w.yml", ["ann@example.com"]]]),
    });
    const run = session.run({ at: testTime });
    expect(run.summary).toMatchObject({ strict: true, ok: false });
    const result = run.results.find(
      ({ check, environment }) => check === "session-idle-timeout" && environment === "prod",
    );
    expect(result?.message).toContain("it holds for 20 days, and at most 10 are allowed");
  });
});

describe("explainCheck", () => {
  it("tells what a check asks, where its facts stand here, and what it is evidence for", async () => {
    const rules = await load({ "policy/policy.yml": "version: 1\nfacts: { tls.min_version: edge.tls }\n" });
    const explained = explainCheck(rules, "1");
    expect(explained).toMatchObject({
      check: "tls-minimum-version",
      number: 1,
      severity: "high",
      profiles: [],
    });
    expect(
      explained.facts.map(({ name, required, paths, source }) => [name, required, paths, source]),
    ).toEqual([
      ["environment.kind", true, [], "profile"],
      ["tls.min_version", true, ["edge.tls"], "configuration"],
      ["probe.tls", false, [], "probe"],
      ["tls.rendered_protocols", false, [], "templates"],
      ["probe.postgresql_settings", false, [], "probe"],
    ]);
    expect(explained.requirements.map(({ framework, id }) => `${framework} ${id}`)).toEqual([
      "gdpr Art. 32",
      "hipaa 164.312(e)(1)",
      "iso27001 A.8.24",
      "pci-dss 4.2.1",
      "soc2 CC6.7",
    ]);
    expect(explainCheck(rules, "debug-off").profiles).toEqual(["production", "staging"]);
  });

  it("refuses a check that does not exist, with the nearest name", async () => {
    const rules = await load({});
    expect(() => explainCheck(rules, "secret-aeg")).toThrow(
      expect.objectContaining({
        code: "policy.check",
        hint: expect.stringContaining("secret-age") as string,
      }) as Error,
    );
  });
});

describe("comparePolicyRuns", () => {
  const leak = (name: string): Tree => ({
    [`environments/tenants/${name}.yml`]: `tenant: { id: ${name}, frameworks: [gdpr, pci-dss] }\ndatabase: { password: plain }\n`,
  });
  const titles = new Map([["pci-dss", "PCI DSS"]]);

  async function between(before: Tree, after: Tree): Promise<readonly string[]> {
    const runs = await Promise.all(
      [before, after].map(async (tree) => (await policyOf(tree)).session.run({ at: testTime })),
    );
    const [old, now] = runs as [(typeof runs)[number], (typeof runs)[number]];
    return comparePolicyRuns(old, now)
      .filter(({ framework, check }) => framework === "pci-dss" || check === "no-plain-secret")
      .map((change) => describeChange(change, titles));
  }

  it("says what a change breaks, and for whom", async () => {
    expect(await between({}, { ...leak("shop"), ...leak("radio") })).toEqual(
      expect.arrayContaining([
        "this change breaks PCI DSS 8.6.2 (no-plain-secret) for 2 tenants in dev, staging, prod",
      ]),
    );
    expect(await between({}, leak("shop"))).toContain(
      "this change breaks PCI DSS 8.6.2 (no-plain-secret) for shop in dev, staging, prod",
    );
  });

  it("says what it mends, and nothing where nothing changes", async () => {
    expect(await between(leak("shop"), {})).toContain(
      "this change mends PCI DSS 8.6.2 (no-plain-secret) for shop in dev, staging, prod",
    );
    expect(
      await between(
        {},
        { "environments/dev/dev.yml": "environment: { name: dev, data_source: synthetic }\nx: 1\n" },
      ),
    ).toEqual([]);
  });

  it("says what is no longer known", async () => {
    const base =
      'security: { encryption_at_rest: { key: "kms/${environment.name}/${tenant.id}" } }\ncompliance: { frameworks: "${tenant.frameworks}" }\n';
    expect(await between({}, { "environments/base.yml": base })).toContain(
      "this change loses sight of PCI DSS 8.2.8 (session-idle-timeout) for shop in staging, prod",
    );
  });
});

describe("judgeGate", () => {
  async function gate(tree: Tree) {
    const { session, rules } = await policyOf(tree);
    return judgeGate(session.run({ at: testTime }), (name) =>
      profileOf(name, rules.profiles, rules.settings.profiles),
    );
  }
  const prod = (text: string): Tree => ({
    "environments/prod/prod.yml": `environment: { name: prod, data_source: live }\n${text}`,
    "environments/staging/staging.yml": "environment: { name: staging, data_source: anonymised }\n",
  });

  it("is open for what is unknown, and for what its profile does not mind", async () => {
    expect(await gate({})).toEqual({ ok: true, findings: [] });
    expect(
      await gate(
        prod(
          'security: { tls: { min_version: "1.3" }, authentication: { session: { idle_timeout_minutes: 60 } } }\n',
        ),
      ),
    ).toMatchObject({ ok: true });
  });

  it("refuses a severe failure in production, with its place and remedy", async () => {
    const { ok, findings } = await gate(prod('security: { tls: { min_version: "1.2" } }\n'));
    expect(ok).toBe(false);
    expect(findings).toMatchObject([
      {
        code: "policy.gate",
        severity: "error",
        environment: "prod",
        tenant: "radio",
        where: { file: "environments/prod/prod.yml", line: 2, path: "security.tls.min_version" },
      },
      { tenant: "shop" },
    ]);
    expect(findings[0]?.hint).toContain("1.3");
  });

  it("asks less of staging", async () => {
    const high = {
      "environments/staging/staging.yml":
        "environment: { name: staging, data_source: anonymised }\ndatabase: { postgresql: { cluster: { tls_mode: disable } } }\n",
    };
    expect((await gate(high)).ok).toBe(true);
    const live = {
      "environments/staging/staging.yml": "environment: { name: staging, data_source: live }\n",
    };
    expect((await gate(live)).findings.map(({ environment }) => environment)).toContain("staging");
  });

  it("does what a profile says about single checks", async () => {
    const profile = (lines: string): Tree => ({
      "policy/profiles/production.yml": `id: production\ntitle: Production\nkind: production\nenvironments: [prod]\ngate:\n${lines}`,
    });
    const idle = prod(
      'security: { tls: { min_version: "1.3" }, authentication: { session: { idle_timeout_minutes: 60 } } }\n',
    );
    expect((await gate({ ...idle, ...profile("  checks: [session-idle-timeout]\n") })).ok).toBe(false);
    expect(
      (
        await gate({
          ...idle,
          ...profile("  checks: [session-idle-timeout]\n  except: [session-idle-timeout]\n"),
        })
      ).ok,
    ).toBe(true);
    expect((await gate(profile("  unknown: [restore-drill]\n"))).ok).toBe(false);
  });
});
