import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain, toCanonicalJson } from "../../config/index.ts";
import { digestOf } from "../../kernel/index.ts";
import { policyOf, resultOf, smallWorkspace, statusesOf, testTime } from "../testing/workspace.ts";
import { PlainJudge } from "./memo.ts";
import { PolicySession } from "./policy-session.ts";

describe("a run over a workspace", () => {
  it("judges every scope by its own profile and frameworks", async () => {
    const run = (await policyOf()).session.run({ at: testTime });
    expect(statusesOf(run, "tls-minimum-version")).toEqual({
      "dev:radio": "not-applicable",
      "dev:shop": "not-applicable",
      "staging:radio": "pass",
      "staging:shop": "pass",
      "prod:radio": "pass",
      "prod:shop": "pass",
    });
    const named = run.results.filter(({ requirements }) =>
      requirements.some(({ framework }) => framework === "pci-dss"),
    );
    expect(new Set(named.map(({ tenant }) => tenant))).toEqual(new Set(["shop"]));
  });

  it("shows for each value the place that `explain` tells, and the digest that a release has", async () => {
    const { session, engine } = await policyOf();
    const run = session.run({ at: testTime });
    const snapshot = engine.resolve({ environment: "prod", tenant: "shop" });
    const told = explain(snapshot, "security.tls.min_version");
    const evidence = resultOf(run, "tls-minimum-version", "prod", "shop").evidence.find(
      ({ fact }) => fact === "tls.min_version",
    );
    expect(evidence).toEqual({
      fact: "tls.min_version",
      path: told.path,
      valueHash: digestOf('"1.3"'),
      shown: "1.3",
      layer: told.layer,
      file: told.file,
      line: told.line,
      snapshot: digestOf(toCanonicalJson(snapshot.root)),
      at: testTime.toISOString(),
    });
  });

  describe("where a scope does not resolve", () => {
    const broken = "tenant: { id: shop, frameworks: [gdpr, pci-dss] }\nimage: [1, }\n";

    it("judges the others, and leaves that one unknown with the reason", async () => {
      const whole = (await policyOf()).session.run({ at: testTime });
      const { session } = await policyOf({ "environments/prod/tenants/shop.yml": broken });
      const run = session.run({ at: testTime });
      const of = (from: typeof run, tenant: string, environment: string) =>
        from.results
          .filter((one) => one.tenant === tenant && one.environment === environment)
          .map(({ check, status, message }) => [check, status, message]);
      for (const environment of ["dev", "staging", "prod"])
        expect(of(run, "radio", environment)).toEqual(of(whole, "radio", environment));
      const unknown = run.results.filter(
        ({ environment, tenant }) => environment === "prod" && tenant === "shop",
      );
      expect(unknown.length).toBeGreaterThan(3);
      for (const { status, message, evidence } of unknown) {
        expect([status, message]).toEqual(["unknown", expect.stringContaining("does not resolve: ")]);
        expect(evidence).toMatchObject([{ file: "environments/prod/tenants/shop.yml", line: 2 }]);
      }
      expect(run.unresolved).toMatchObject([
        {
          environment: "prod",
          tenant: "shop",
          where: { file: "environments/prod/tenants/shop.yml", line: 2 },
        },
      ]);
      expect(whole.unresolved).toBeUndefined();
      // What production is like nobody knows, so staging cannot be its mirror.
      expect(statusesOf(run, "staging-mirrors-production")).toEqual({
        "staging:radio": "pass",
        "staging:shop": "unknown",
      });
    });

    it("is never ok, whatever was asked for, unless it was about others", async () => {
      const { session } = await policyOf({
        "environments/prod/tenants/shop.yml": broken,
        "policy/policy.yml": "version: 1\nframeworks: { tenants: { shop: [pci-dss] } }\n",
      });
      const selects = (tenant: string) => (scope: { readonly tenant?: string | undefined }) =>
        scope.tenant === tenant;
      const shop = session.run({ at: testTime, select: selects("shop"), framework: "pci-dss" });
      expect(shop.summary.ok).toBe(false);
      expect(shop.unresolved).toHaveLength(1);
      expect(resultOf(shop, "tls-minimum-version", "prod", "shop")).toMatchObject({
        status: "unknown",
        requirements: [{ framework: "pci-dss", id: "4.2.1" }],
      });
      const soc2 = session.run({ at: testTime, framework: "soc2" });
      expect([soc2.summary.ok, soc2.unresolved?.length]).toEqual([false, 1]);
      expect(session.run({ at: testTime, select: selects("radio") }).unresolved).toBeUndefined();
    });

    it("a re-check finds it mended, and broken anew", async () => {
      const { session, files } = await policyOf({ "environments/prod/tenants/shop.yml": broken });
      const first = session.run({ at: testTime });
      expect(first.unresolved).toHaveLength(1);
      const file = "environments/prod/tenants/shop.yml";
      files.write(file, "tenant: { id: shop, frameworks: [gdpr, pci-dss] }\n");
      const mended = session.recheck([file], testTime);
      expect(mended.unresolved).toBeUndefined();
      expect(resultOf(mended, "tls-minimum-version", "prod", "shop").status).toBe("pass");
      files.write(file, broken);
      const again = session.recheck([file], testTime);
      expect(again.unresolved).toEqual(first.unresolved);
      expect(again.summary).toEqual(first.summary);
    });
  });

  it("points to the item of a list that decided", async () => {
    const { session } = await policyOf({
      "environments/prod/prod.yml": `environment: { name: prod, data_source: live }
storage:
  buckets:
    - { name: backups, public_access: false, encrypted: true }
    - name: models
      encrypted: true
      public_access: true
`,
    });
    const result = resultOf(session.run({ at: testTime }), "buckets-private", "prod", "radio");
    expect(result).toMatchObject({ status: "fail", message: "anybody may read models" });
    expect(result.evidence).toMatchObject([
      {
        path: "storage.buckets[1].public_access",
        shown: "true",
        file: "environments/prod/prod.yml",
        line: 7,
      },
    ]);
  });

  it.each([
    ["by the schema", "database: { password: hunter2 }\n", "database.password"],
    ["by its name", "cache: { api_token: hunter2 }\n", "cache.api_token"],
    ["put together", 'cache: { api_token: "hunter2-${tenant.id}" }\n', "cache.api_token"],
  ])("finds a secret in plain text, and shows nothing of it: %s", async (_, text, path) => {
    const { session } = await policyOf({
      "environments/tenants/shop.yml": `tenant: { id: shop, frameworks: [gdpr] }\n${text}`,
    });
    const result = resultOf(session.run({ at: testTime }), "no-plain-secret", "prod", "shop");
    expect(result).toMatchObject({ status: "fail" });
    expect(result.evidence[0]).toMatchObject({ path, file: "environments/tenants/shop.yml", line: 2 });
    expect(JSON.stringify(result)).not.toContain("hunter2");
    expect(JSON.stringify(result)).not.toContain(digestOf('"hunter2"'));
  });

  it("neither shows nor hashes a secret in plain text that a fact points to", async () => {
    const { session } = await policyOf({
      "policy/policy.yml": "version: 1\nfacts: { encryption.key: database.password }\n",
      "environments/prod/prod.yml":
        "environment: { name: prod, data_source: live }\ndatabase: { password: hunter2 }\n",
    });
    const [evidence] = resultOf(
      session.run({ at: testTime }),
      "keys-per-environment",
      "prod",
      "shop",
    ).evidence;
    expect(evidence).not.toHaveProperty("valueHash");
    expect(evidence).not.toHaveProperty("shown");
  });

  it("compares environments: keys that are shared, and a staging that is no mirror", async () => {
    const { session } = await policyOf({
      "environments/staging/staging.yml":
        'extends: prod\nenvironment: { name: staging, data_source: anonymised }\nsecurity: { tls: { min_version: "1.2" } }\n',
      "environments/tenants/radio.yml":
        "tenant: { id: radio, frameworks: [gdpr] }\nsecurity: { encryption_at_rest: { key: kms/radio } }\n",
      "environments/prod/tenants/only.yml": "tenant: { id: only, frameworks: [gdpr] }\n",
      "environments/staging/tenants/new.yml": "tenant: { id: new, frameworks: [gdpr] }\n",
    });
    const run = session.run({ at: testTime });
    expect(resultOf(run, "keys-per-environment", "prod", "radio").message).toBe(
      "kms/radio is used in dev, staging as well",
    );
    expect(resultOf(run, "keys-per-environment", "prod", "shop").status).toBe("pass");
    expect(resultOf(run, "staging-mirrors-production", "staging", "shop").message).toBe(
      "differs from production: tls.min_version",
    );
    expect(resultOf(run, "staging-mirrors-production", "staging", "new").status).toBe("not-applicable");
  });

  it("gives results for selected scopes only, compared with all", async () => {
    const { session } = await policyOf({
      "environments/base.yml": String(smallWorkspace["environments/base.yml"]).replace(
        "kms/${environment.name}",
        "kms/all",
      ),
    });
    const run = session.run({
      at: testTime,
      select: ({ environment, tenant }) => environment === "prod" && tenant === "shop",
    });
    expect(new Set(run.results.map(({ environment, tenant }) => `${environment}:${tenant ?? ""}`))).toEqual(
      new Set(["prod:shop"]),
    );
    expect(run.summary.scopes).toBe(1);
    expect(resultOf(run, "keys-per-environment", "prod", "shop").status).toBe("fail");
  });

  it.each([
    ["default where none is named", "frameworks: { default: [soc2] }", "tenant: { id: radio }\n", ["soc2"]],
    ["none without any", "frameworks: {}", "tenant: { id: radio }\n", []],
    [
      "more for one tenant",
      "frameworks: { tenants: { radio: [hipaa] } }",
      "tenant: { id: radio, frameworks: [gdpr] }\n",
      ["gdpr", "hipaa"],
    ],
    [
      "some for everybody",
      "frameworks: { all: [iso27001] }",
      "tenant: { id: radio, frameworks: [gdpr] }\n",
      ["gdpr", "iso27001"],
    ],
  ])("frameworks: %s", async (_, settings, tenant, expected) => {
    const { session } = await policyOf({
      "environments/base.yml": 'compliance: { frameworks: "${tenant.frameworks:-}" }\n',
      "policy/policy.yml": `version: 1\n${settings}\n`,
      "environments/tenants/radio.yml": tenant,
    });
    const run = session.run({ at: testTime, select: (scope) => scope.tenant === "radio" });
    expect(run.summary.frameworks.map(({ framework }) => framework).sort()).toEqual(expected);
  });

  it("finds a framework that nobody described, and goes on", async () => {
    const { session } = await policyOf({
      "environments/tenants/radio.yml": "tenant:\n  id: radio\n  frameworks: [gdpr, gdrp]\n",
    });
    const run = session.run({ at: testTime });
    const id = "frameworks-described";
    expect(statusesOf(run, id)).toEqual({
      "dev:radio": "fail",
      "staging:radio": "fail",
      "prod:radio": "fail",
    });
    expect(resultOf(run, id, "prod", "radio")).toMatchObject({
      message: "there is no framework gdrp: there are gdpr, hipaa, iso27001, pci-dss, soc2",
      evidence: [{ file: "environments/tenants/radio.yml", line: 3, path: "compliance.frameworks[1]" }],
    });
    expect(run.summary.ok).toBe(false);
    // What it is under besides is judged, and so are the others.
    expect(resultOf(run, "tls-minimum-version", "prod", "radio").status).toBe("pass");
    expect(resultOf(run, "tls-minimum-version", "prod", "shop").requirements).toHaveLength(2);
    // Whoever asks for one framework may mean the one that is misspelt.
    const asked = session.run({ at: testTime, framework: "pci-dss" });
    expect(Object.keys(statusesOf(asked, id))).toEqual(["dev:radio", "staging:radio", "prod:radio"]);
  });

  it.each([
    ["gdrp", "there is no framework gdrp"],
    ["[7]", "there is no framework 7"],
  ])("a list of frameworks that is %s does not go unchecked", async (frameworks, message) => {
    const { session } = await policyOf({
      "environments/tenants/radio.yml": `tenant: { id: radio, frameworks: ${frameworks} }\n`,
    });
    const run = session.run({ at: testTime });
    expect(resultOf(run, "frameworks-described", "prod", "radio").message).toContain(message);
  });

  it("one name without brackets counts as a list of it", async () => {
    const { session } = await policyOf({
      "environments/tenants/radio.yml": "tenant: { id: radio, frameworks: gdpr }\n",
    });
    const run = session.run({ at: testTime });
    expect(resultOf(run, "tls-minimum-version", "prod", "radio").requirements).toHaveLength(1);
  });

  it.each([
    ["all: [nope]", 2],
    ["default: [gdpr, nope]", 2],
    ["tenants: { radio: [nope] }", 2],
  ])("policy.yml with %s is refused with the place", async (line, at) => {
    await expect(
      policyOf({ "policy/policy.yml": `version: 1\nframeworks: { ${line} }\n` }),
    ).rejects.toMatchObject({ code: "policy.framework", where: { file: "policy/policy.yml", line: at } });
  });

  it("a scope with a reference that nothing answers to is unresolved", async () => {
    const { session } = await policyOf({
      "environments/tenants/radio.yml":
        'tenant: { id: radio, frameworks: [gdpr] }\nx: { a: "${nowhere.at.all}", b: "${nor.here}" }\n',
    });
    const run = session.run({ at: testTime });
    expect(run.summary.ok).toBe(false);
    expect(run.unresolved).toHaveLength(3);
    expect(run.unresolved?.[2]).toMatchObject({
      environment: "prod",
      tenant: "radio",
      where: { file: "environments/tenants/radio.yml", line: 2 },
    });
    expect(run.unresolved?.[2]?.message).toContain("and 1 more");
    const result = resultOf(run, "tls-minimum-version", "prod", "radio");
    expect(result).toMatchObject({
      status: "unknown",
      evidence: [{ file: "environments/tenants/radio.yml" }],
    });
    expect(resultOf(run, "tls-minimum-version", "prod", "shop").status).toBe("pass");
  });
});

describe("recheck", () => {
  const prod = "environments/prod/prod.yml";
  const tenant = (name: string, more = ""): string => `tenant: { id: ${name}, frameworks: [gdpr] }\n${more}`;

  it("judges only what reads the changed file, and keeps the other results", async () => {
    const { session, files } = await policyOf();
    const before = session.run({ at: testTime });
    files.write(
      "environments/tenants/radio.yml",
      tenant("radio", "security: { authentication: { session: { idle_timeout_minutes: 60 } } }\n"),
    );
    const after = session.recheck(["environments/tenants/radio.yml"], testTime);
    const kept = after.results.filter((result) => before.results.includes(result));
    expect(new Set(kept.map((result) => result.tenant))).toEqual(new Set(["shop"]));
    expect(kept).toHaveLength(before.results.filter((result) => result.tenant === "shop").length);
    expect(statusesOf(after, "session-idle-timeout")).toMatchObject({
      "prod:radio": "fail",
      "prod:shop": "pass",
    });
  });

  it("starts anew on another day", async () => {
    const { session } = await policyOf();
    const before = session.run({ at: testTime });
    const after = session.recheck([], new Date("2026-06-16T00:00:00Z"));
    expect(after.results.some((result) => before.results.includes(result))).toBe(false);
    expect(after.summary.at).toBe("2026-06-16T00:00:00.000Z");
  });

  const edits: readonly (readonly [string, string | undefined])[] = [
    [prod, 'environment: { name: prod, data_source: live }\nsecurity: { tls: { min_version: "1.2" } }\n'],
    [prod, "environment: { name: prod, data_source: live }\napplication: { debug: true }\n"],
    [
      "environments/staging/staging.yml",
      "extends: prod\nenvironment: { name: staging, data_source: live }\n",
    ],
    ["environments/base.yml", "security: { encryption_at_rest: { key: kms/one } }\n"],
    [
      "environments/tenants/radio.yml",
      tenant("radio", "security: { encryption_at_rest: { key: kms/dev/shop } }\n"),
    ],
    [
      "environments/tenants/radio.yml",
      "tenant: { id: radio, frameworks: [hipaa], environments: [dev, prod] }\n",
    ],
    ["environments/tenants/radio.yml", undefined],
    ["environments/tenants/new.yml", tenant("new")],
    ["environments/prod/tenants/shop.yml", "logging: { retention_days: 10 }\n"],
    ["environments/prod/tenants/shop.yml", undefined],
    ["environments/tenants/shop.yml", tenant("shop", "database: { password: plain }\n")],
  ];

  it("says what a new session says, whatever changes in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: edits.length - 1 }), { maxLength: 6 }), async (order) => {
        const { session, files, engine, rules } = await policyOf();
        session.run({ at: testTime });
        for (const index of order) {
          const [path, text] = edits[index] as (typeof edits)[number];
          if (text === undefined) files.remove(path);
          else files.write(path, text);
          const quick = session.recheck([path], testTime);
          const naive = new PolicySession({
            engine,
            rules,
            judge: (today, why) => new PlainJudge(today, why),
          }).run({ at: testTime });
          expect(JSON.stringify(quick)).toBe(JSON.stringify(naive));
        }
      }),
      { numRuns: 40 },
    );
  });
});
