// The policy's facts of secrets and of the audit log, from real secret files and a real log.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { printed } from "@lotse/core/contract";
import { SecretDesk } from "./secret-desk.ts";

const desk = new SecretDesk();
const shared = "kF7-shared-by-two-environments";
const weak = "hunter2";
const checks = new Set([
  "secret-age",
  "secrets-not-shared",
  "no-default-credential",
  "audit-log-verifies",
  "audit-log-copied",
]);

const configuration = `api:
  key: \${secret:spotify#api_key}
security:
  secrets: { rotation_days: 90 }
  authentication: { password: { min_length: 14 } }
database: { postgresql: { username: shop_app } }
logging: { audit: { off_host_copy: { enabled: false } } }
compliance: { frameworks: [pci-dss] }
`;

async function set(scope: string, name: string, value: string): Promise<void> {
  const { status, stderr } = await desk.lotse(["secrets", "set", scope, name], { input: value });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining(value)]);
}

/** Status and message of the checks that are about secrets, by environment and tenant. */
async function judged(): Promise<{ readonly text: string; readonly of: (where: string) => unknown }> {
  const { stdout } = await desk.lotse(["policy", "check", "-o", "json"]);
  const { results } = printed["policy-check"].parse(JSON.parse(stdout));
  const of = (where: string): unknown =>
    Object.fromEntries(
      results
        .filter(
          ({ check, environment, tenant }) => checks.has(check) && `${environment}:${tenant ?? ""}` === where,
        )
        .map(({ check, status, message }) => [check, [status, message]]),
    );
  return { text: stdout, of };
}

beforeAll(async () => {
  for (const environment of ["dev", "prod"])
    desk.write(`environments/${environment}/${environment}.yml`, configuration);
  desk.write("policy/policy.yml", "version: 1\nprofiles: { dev: staging }\n");
  expect((await desk.lotse(["secrets", "init"])).status).toBe(0);
});
afterAll(() => desk.dispose());

test("every scope is judged by its own secrets, and no value is told anywhere", async () => {
  await set("dev:acme", "spotify.api_key", shared);
  await set("prod:acme", "spotify.api_key", shared);
  await set("prod:globex", "spotify.api_key", weak);
  const { text, of } = await judged();
  expect(of("prod:acme")).toMatchObject({
    "secret-age": ["pass", "one secret, none older than 90 days"],
    "secrets-not-shared": ["fail", "the same value stands elsewhere: spotify.api_key"],
    "no-default-credential": ["pass", expect.any(String)],
    "audit-log-verifies": ["pass", expect.any(String)],
    "audit-log-copied": ["fail", "there is no copy elsewhere"],
  });
  expect(of("dev:acme")).toMatchObject({ "secrets-not-shared": ["fail", expect.any(String)] });
  expect(of("prod:globex")).toMatchObject({
    "secrets-not-shared": ["pass", expect.any(String)],
    "no-default-credential": ["fail", "weak: spotify.api_key"],
  });
  // Its configuration refers to a secret that nobody has set: what is not there proves nothing.
  expect(of("dev:globex")).toMatchObject({
    "secret-age": ["unknown", expect.any(String)],
    "secrets-not-shared": ["unknown", expect.any(String)],
    "no-default-credential": ["unknown", expect.any(String)],
  });
  const reports = await Promise.all(
    ["html", "markdown", "sarif", "oscal", "junit"].map(
      async (format) => (await desk.lotse(["policy", "report", "--format", format])).stdout,
    ),
  );
  for (const told of [text, ...reports]) {
    expect(told).toContain("secrets-not-shared");
    expect(told).not.toContain(shared);
    expect(told).not.toContain(weak);
  }
  const state = join(desk.directory, ".lotse");
  for (const name of readdirSync(state, { recursive: true, encoding: "utf8" })) {
    const path = join(state, name);
    if (statSync(path).isFile()) expect(readFileSync(path, "latin1")).not.toContain(shared);
  }
});

test("a log that was changed fails its check", async () => {
  const file = ".lotse/audit/entries/00000000.jsonl";
  desk.write(file, desk.read(file).replace('"outcome":"success"', '"outcome":"failure"'));
  const { of } = await judged();
  expect(of("prod:acme")).toMatchObject({ "audit-log-verifies": ["fail", expect.any(String)] });
});
