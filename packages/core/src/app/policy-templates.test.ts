import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigEngine } from "../config/index.ts";
import { DirectoryFiles, noAudit, systemClock } from "../kernel/index.ts";
import { loadRules, PolicySession, VerdictMemo, type CheckResult } from "../policy/index.ts";
import { policyCheck } from "./policy.ts";
import { policyDiff } from "./policy-diff.ts";
import { templateSources } from "./template-facts.ts";
import { openSession } from "./session.ts";

const digest = `a/b@sha256:${"0".repeat(64)}`;
const deployment = `kind: Deployment
spec:
  containers:
    - image: {{ image }}
{% if privileged %}
      securityContext: { x: y }
      privileged: true
{% endif %}
`;
const nginx = "server {\n  ssl_protocols {{ protocols }};\n}\n";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lotse-policy-templates-"));
  put("policy/policy.yml", "version: 1\nframeworks: { all: [soc2] }\n");
  put("environments/base.yml", base({}));
  put("environments/prod/prod.yml", "");
  for (const tenant of ["acme", "zeta"])
    put(`environments/tenants/${tenant}.yml`, `tenant: { id: ${tenant} }\n`);
  put("templates/deploy.yml.j2", deployment);
  put("templates/site.conf.j2", nginx);
  declare();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function base({ image = digest, protocols = "TLSv1.3", privileged = false }): string {
  return `image: ${image}
protocols: ${protocols}
privileged: ${privileged}
security:
  tls: { min_version: "1.3" }
  workload:
    pod_security_standard: restricted
    images: { pinned_by_digest: true, signature_required: true }
`;
}

function declare(
  templates = `
  - { template: deploy.yml.j2, to: "k8s/{tenant}.yml" }
  - { template: site.conf.j2, to: nginx/site.conf }
`,
): void {
  put("lotse.yml", `version: 1\nenvironments: { prod: {} }\ntemplates:${templates}`);
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

async function resultOf(check: string, tenant = "acme"): Promise<CheckResult | undefined> {
  const session = openSession({ directory, variables: {}, audit: noAudit });
  const { results } = await policyCheck(session);
  return results.find((result) => result.check === check && result.tenant === tenant);
}

describe("facts of rendered templates", () => {
  test.each([
    ["images-trusted", { image: "a/b:1" }, "a/b:1", "templates/deploy.yml.j2", 4],
    ["pods-restricted", { privileged: true }, "privileged", "templates/deploy.yml.j2", 7],
    ["tls-minimum-version", { protocols: "TLSv1.2 TLSv1.3" }, "TLSv1.2", "templates/site.conf.j2", 2],
    ["tls-minimum-version", { protocols: "SSLv3" }, "SSLv3", "templates/site.conf.j2", 2],
  ])("%s fails for %j", async (check, values, found, file, line) => {
    expect(await resultOf(check)).toMatchObject({ status: "pass" });
    put("environments/base.yml", base(values));
    const result = await resultOf(check);
    expect(result?.status).toBe("fail");
    expect(result?.message).toContain(found);
    const evidence = result?.evidence.find(({ source }) => source === "templates");
    expect(evidence).toMatchObject({ file, line, shown: found });
    expect(evidence?.snapshot).toBe(
      result?.evidence.find(({ snapshot }) => snapshot !== undefined)?.snapshot,
    );
    expect(evidence?.snapshot).toMatch(/^[0-9a-f]{64}$/u);
  });

  test("one tenant's image does not put another one at fault", async () => {
    put("environments/tenants/zeta.yml", "tenant: { id: zeta }\nimage: c:latest\n");
    expect(await resultOf("images-trusted", "acme")).toMatchObject({ status: "pass" });
    expect(await resultOf("images-trusted", "zeta")).toMatchObject({ status: "fail" });
  });

  test("a template that cannot be rendered leaves its facts unknown, and says where", async () => {
    put("templates/deploy.yml.j2", "x: 1\nimage: {{ imag }}\n");
    expect(await resultOf("images-trusted")).toMatchObject({
      status: "unknown",
      message: expect.stringContaining("templates/deploy.yml.j2:2") as string,
    });
  });

  test("where nothing is declared nothing is rendered, and a secret file is never looked at", async () => {
    put("templates/deploy.yml.j2", "image: {{ imag }}\n");
    declare(" []\n");
    expect(await resultOf("images-trusted")).toMatchObject({ status: "pass" });
    declare("\n  - { template: deploy.yml.j2, to: deploy.yml, secret: true }\n");
    expect(await resultOf("images-trusted")).toMatchObject({ status: "pass" });
  });

  test("policy diff renders the templates of each side", async () => {
    const git = (...args: string[]): unknown =>
      execFileSync("git", ["-C", directory, "-c", "user.name=a", "-c", "user.email=a@b", ...args], {
        stdio: "pipe",
      });
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "one");
    put("templates/deploy.yml.j2", "image: b:1\n");
    const session = openSession({ directory, variables: {}, audit: noAudit });
    const { changes } = await policyDiff(session, { from: "HEAD" });
    expect(changes.map(({ kind, check }) => `${kind} ${check}`)).toContain("breaks images-trusted");
    git("commit", "-qam", "two");
    const back = await policyDiff(session, { from: "HEAD", to: "HEAD~1" });
    expect(back.changes.map(({ kind, check }) => `${kind} ${check}`)).toContain("mends images-trusted");
  });

  test("a hundred tenants whose files say the same are judged once", async () => {
    for (let index = 0; index < 100; index++)
      put(`environments/tenants/t${index}.yml`, `tenant: { id: t${index} }\n`);
    put("templates/deploy.yml.j2", `# {{ tenant.id }}\n${deployment}`);
    const engine = new ConfigEngine({
      files: new DirectoryFiles(directory),
      clock: systemClock,
      variables: {},
    });
    const rules = await loadRules(engine.files, { sources: templateSources({ engine, directory }) });
    const judged = (tenants: number): number => {
      const memo: VerdictMemo[] = [];
      const session = new PolicySession({
        engine,
        rules,
        judge: (today, explain) => {
          memo.push(new VerdictMemo(today, explain));
          return memo[0] as VerdictMemo;
        },
      });
      const run = session.run({
        at: new Date("2026-06-15"),
        select: ({ tenant }) => Number(/\d+$/u.exec(tenant ?? "")?.[0] ?? tenants) < tenants,
      });
      expect(run.summary.scopes).toBe(tenants);
      return memo[0]?.judged ?? 0;
    };
    expect(judged(100)).toBe(judged(2));
  });
});
