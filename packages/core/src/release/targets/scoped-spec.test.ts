import { describe, expect, it } from "vitest";
import type { TargetSpec } from "./index.ts";
import { payloadsOf } from "../payload.ts";
import { testRelease } from "../testing/memory-driver.ts";
import { checkScopedNames, scopedSpec } from "./scoped-spec.ts";

const target = {
  type: "host",
  hosts: [{ name: "web-1" }],
  limits: { "memory-mb": 256, tasks: 100 },
  environments: {
    prod: {
      hosts: [{ name: "prod-1" }, { name: "prod-2" }],
      limits: { "memory-mb": 512 },
      tenants: { acme: { limits: { tasks: 900 } } },
    },
  },
  tenants: { acme: { limits: { "memory-mb": 2048 } } },
};

const bare: TargetSpec = { type: "host" };

describe("what a target says for one tenant", () => {
  it.each([
    ["staging", "zen", ["web-1"], { "memory-mb": 256, tasks: 100 }],
    ["prod", "zen", ["prod-1", "prod-2"], { "memory-mb": 512, tasks: 100 }],
    ["staging", "acme", ["web-1"], { "memory-mb": 2048, tasks: 100 }],
    ["prod", "acme", ["prod-1", "prod-2"], { "memory-mb": 2048, tasks: 900 }],
  ])("%s:%s has its own", (environment, tenant, hosts, limits) => {
    const spec = scopedSpec(target, { environment, tenant });
    expect(spec).toEqual({ type: "host", hosts: hosts.map((name) => ({ name })), limits });
  });

  it("is not taken from what an object has by nature", () => {
    const plain = { type: "process", tenants: {}, environments: {} };
    for (const name of ["constructor", "toString", "hasOwnProperty"])
      expect(scopedSpec(plain, { environment: name, tenant: name })).toEqual({ type: "process" });
  });

  it.each([
    [{ tenants: { acme: { type: "process" } } }, "type"],
    [{ environments: { prod: { type: "process" } } }, "type"],
    [{ tenants: { acme: 3 } }, "tenants.acme"],
    [{ environments: [] }, "environments"],
  ])("is refused where it is %j", (part, told) => {
    const broken = { type: "host", ...part };
    expect(() => scopedSpec(broken, { environment: "prod", tenant: "acme" })).toThrowError(
      expect.objectContaining({
        code: "target.spec",
        message: expect.stringContaining(told) as string,
      }) as Error,
    );
  });

  it.each([
    [{ tenants: { acmee: {} } }, "target.tenants.acmee"],
    [{ environments: { production: {} } }, "target.environments.production"],
    [{ environments: { prod: { tenants: { zen: {} } } } }, "target.environments.prod.tenants.zen"],
  ])("is refused where it is for nobody: %j", (part, path) => {
    const known = { prod: ["acme"], staging: ["acme", "zen"] };
    expect(() => checkScopedNames({ ...bare, ...part }, known)).toThrowError(
      expect.objectContaining({ code: "target.spec", where: { path } }) as Error,
    );
  });

  it("is good where it is for somebody", () => {
    expect(() => checkScopedNames(target, { prod: ["acme"], staging: ["zen"] })).not.toThrow();
  });

  it("is what the tenant is deployed by", () => {
    const release = { ...testRelease("1.0.0", ["acme", "zen"]), target };
    const notHere = () => Promise.reject(new Error("not here"));
    const payload = payloadsOf({ materialise: notHere, filesOf: notHere }, release);
    const limitsOf = (tenant: string): unknown => payload({ environment: "prod", tenant }).spec;
    expect(limitsOf("acme")).toMatchObject({ limits: { "memory-mb": 2048, tasks: 900 } });
    expect(limitsOf("zen")).toMatchObject({ limits: { "memory-mb": 512, tasks: 100 } });
  });
});
