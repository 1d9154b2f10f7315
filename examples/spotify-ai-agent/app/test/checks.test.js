import assert from "node:assert/strict";
import { test } from "node:test";
import { runChecks } from "../src/checks.js";
import { exampleConfig } from "../testing/example-config.js";

const nordlicht = { tenant: "nordlicht-records", environment: "prod" };
const failed = (config, identity = nordlicht) => runChecks(config, identity).filter((check) => !check.ok);

test("a good configuration passes every check", () => {
  assert.deepEqual(failed(exampleConfig()), []);
});

const broken = [
  { name: "sections", breakIt: (config) => delete config.compliance, reason: /missing: compliance/ },
  { name: "sections", breakIt: (config) => (config.security = null), reason: /missing: security/ },
  {
    name: "connection_pool",
    breakIt: (config) => (config.database.postgresql.connection_pool.max_size = 4),
    reason: /out of order: 5, 4/,
  },
  {
    name: "connection_pool",
    breakIt: (config) => delete config.database.postgresql.connection_pool.max_size,
    reason: /out of order/,
  },
  {
    name: "connection_pool",
    breakIt: (config) => delete config.database.postgresql,
    reason: /cannot be computed/,
  },
  {
    name: "replicas",
    breakIt: (config) => (config.scaling.horizontal.max_replicas = 1),
    reason: /out of order: 2, 1/,
  },
  {
    name: "cpu_targets",
    breakIt: (config) => (config.scaling.horizontal.scale_down_cpu_percent = 70),
    reason: /grow at 70 % and shrink at 70 %/,
  },
  {
    name: "rate_limit",
    breakIt: (config) => (config.application.api.rate_limit.burst = 3001),
    reason: /does not fit/,
  },
  {
    name: "strict_production",
    breakIt: (config) => (config.application.debug = true),
    reason: /debug is on/,
  },
];

for (const { name, breakIt, reason } of broken) {
  test(`${name} fails with ${reason.source}`, () => {
    const config = exampleConfig();
    breakIt(config);
    const [check, ...others] = failed(config);
    assert.equal(check.name, name);
    assert.match(check.reason, reason);
    assert.deepEqual(others, []);
  });
}

test("a configuration of somebody else is noticed", () => {
  const [tenant] = failed(exampleConfig(), { ...nordlicht, tenant: "radio-alpenglow" });
  assert.match(tenant.reason, /for tenant nordlicht-records, this process for radio-alpenglow/);
  const [environment] = failed(exampleConfig(), { ...nordlicht, environment: "staging" });
  assert.match(environment.reason, /for prod, this process for staging/);
});

test("development may debug", () => {
  const config = exampleConfig();
  config.environment.name = "dev";
  config.application.debug = true;
  assert.deepEqual(failed(config, {}), []);
});
