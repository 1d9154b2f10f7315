import { describe, expect, it } from "vitest";
import { engineOn, MemoryFiles } from "../config/testing/workspace.ts";
import { tenantOfDeployment } from "./policy-sources.ts";

describe("tenantOfDeployment", () => {
  const engine = engineOn(
    new MemoryFiles({
      "lotse.yml": "version: 1\nenvironments: { alone: {}, shared: {} }\n",
      "environments/alone/alone.yml": "",
      "environments/shared/shared.yml": "",
      "environments/shared/tenants/default.yml": "tenant: { id: default }\n",
      "environments/shared/tenants/acme.yml": "tenant: { id: acme }\n",
    }),
  );

  it.each([
    ["alone", "default", null],
    ["shared", "default", "default"],
    ["shared", "acme", "acme"],
    ["gone", "default", null],
  ])("of %s, %s is %j", (environment, tenant, expected) => {
    expect(tenantOfDeployment({ engine }, environment, tenant)).toBe(expected);
  });
});
