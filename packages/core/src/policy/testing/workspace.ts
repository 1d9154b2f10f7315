/** A small workspace in memory with a policy, for tests. */
import type { ConfigEngine } from "../../config/index.ts";
import { engineOn, MemoryFiles, type Tree } from "../../config/testing/workspace.ts";
import type { CheckResult, PolicyRun } from "../model.ts";
import { PolicySession, type PolicySessionOptions } from "../engine/policy-session.ts";
import { loadRules, type PolicyRules, type RuleOptions } from "../rules.ts";

/** Two tenants in dev, staging and prod; `shop` takes cards. Staging takes production's file. */
export const smallWorkspace: Tree = {
  "lotse.yml": "version: 1\nschema: schema.yml\n",
  "schema.yml": `type: object
properties:
  database:
    type: object
    properties:
      password: { type: string, x-secret: true }
`,
  "environments/base.yml": `security:
  tls: { min_version: "1.2" }
  encryption_at_rest: { key: "kms/\${environment.name}/\${tenant.id:-none}" }
  authentication: { session: { idle_timeout_minutes: 15 } }
storage:
  buckets:
    - { name: backups, public_access: false, encrypted: true }
database:
  password: \${secret:db#password}
compliance: { frameworks: "\${tenant.frameworks}" }
`,
  "environments/dev/dev.yml": "environment: { name: dev, data_source: synthetic }\n",
  "environments/staging/staging.yml":
    "extends: prod\nenvironment: { name: staging, data_source: anonymised }\n",
  "environments/prod/prod.yml":
    'environment: { name: prod, data_source: live }\nsecurity: { tls: { min_version: "1.3" } }\n',
  "environments/tenants/radio.yml": "tenant: { id: radio, frameworks: [gdpr] }\n",
  "environments/tenants/shop.yml": "tenant: { id: shop, frameworks: [gdpr, pci-dss] }\n",
};

/** A workspace in memory, its engine and a session on it. */
export interface TestPolicy {
  readonly files: MemoryFiles;
  readonly engine: ConfigEngine;
  readonly rules: PolicyRules;
  readonly session: PolicySession;
}

/** Opens a workspace: the small one with these files besides or instead. */
export async function policyOf(
  tree: Tree = {},
  options: RuleOptions & Pick<PolicySessionOptions, "judge"> = {},
): Promise<TestPolicy> {
  const files = new MemoryFiles({ ...smallWorkspace, ...tree });
  const engine = engineOn(files);
  const { judge, ...rest } = options;
  const rules = await loadRules(files, rest);
  const session = new PolicySession({ engine, rules, ...(judge === undefined ? {} : { judge }) });
  return { files, engine, rules, session };
}

/** The moment of test runs. */
export const testTime = new Date("2026-06-15T12:00:00Z");

/** The results of a check, by `environment:tenant`. */
export function statusesOf(run: PolicyRun, check: string): Readonly<Record<string, CheckResult["status"]>> {
  return Object.fromEntries(
    run.results
      .filter((result) => result.check === check)
      .map(({ environment, tenant, status }) => [`${environment}:${tenant ?? ""}`, status]),
  );
}

/** The one result of a check in a scope. @throws Error where there is none */
export function resultOf(run: PolicyRun, check: string, environment: string, tenant: string): CheckResult {
  const found = run.results.find(
    (result) => result.check === check && result.environment === environment && result.tenant === tenant,
  );
  if (found === undefined) throw new Error(`no result of ${check} for ${environment}:${tenant}`);
  return found;
}
