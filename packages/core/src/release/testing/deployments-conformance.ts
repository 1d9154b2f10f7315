import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyDeployment, type Deployment } from "../deployment.ts";
import type { DeploymentStore } from "../deployments.ts";
import type { TenantScope } from "../names.ts";

/** A store that has nothing in it yet. */
export interface DeploymentStoreFixture {
  /** Opens it once more, as another process would. */
  open(): DeploymentStore;
  /** Damages what is written down about a tenant. */
  damage(scope: TenantScope): Promise<void>;
  dispose(): Promise<void>;
}

const at = "2026-01-02T00:00:00.000Z";
const release = "a".repeat(64);
const placement = { release, version: "1.0.0", colour: "blue" } as const;
const scope = { environment: "prod", tenant: "acme" };

function deployed(where: TenantScope, version = "1.0.0"): Deployment {
  return {
    ...emptyDeployment(where),
    current: { ...placement, version, rollout: "r1", since: at },
    pending: { ...placement, version, rollout: "r2", by: "user:ada", startedAt: at },
    history: [{ ...placement, version, rollout: "r1", status: "deployed", by: "user:ada", at }],
  };
}

/** What every store of deployments must do. */
export function describeDeploymentStore(name: string, make: () => Promise<DeploymentStoreFixture>): void {
  describe(`the deployments in ${name}`, () => {
    let fixture: DeploymentStoreFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(() => fixture.dispose());

    it("know nothing of a tenant that was never deployed, and do not list it", async () => {
      const store = fixture.open();
      expect(await store.read(scope)).toEqual(emptyDeployment(scope));
      expect(await store.list()).toEqual([]);
    });

    it("give back what was written, to whoever opens them", async () => {
      await fixture.open().write(deployed(scope));
      expect(await fixture.open().read(scope)).toEqual(deployed(scope));
    });

    it("keep the last that was written, whole", async () => {
      const store = fixture.open();
      await store.write(deployed(scope));
      await store.write(emptyDeployment(scope));
      expect(await store.read(scope)).toEqual(emptyDeployment(scope));
      expect(await store.list()).toEqual([scope]);
    });

    it("keep one of those that were written at the same moment", async () => {
      const versions = ["1.0.0", "2.0.0", "3.0.0", "4.0.0"];
      await Promise.all(versions.map((version) => fixture.open().write(deployed(scope, version))));
      const kept = await fixture.open().read(scope);
      expect(versions.map((version) => deployed(scope, version))).toContainEqual(kept);
    });

    it("list tenants by environment and name, and tell those of the same name apart", async () => {
      const store = fixture.open();
      const scopes = ["staging:acme", "prod:zebra", "prod:acme"].map((text) => {
        const [environment = "", tenant = ""] = text.split(":");
        return { environment, tenant };
      });
      for (const [index, one] of scopes.entries()) await store.write(deployed(one, `${index}.0.0`));
      expect(await store.list()).toEqual([scopes[2], scopes[1], scopes[0]]);
      for (const [index, one] of scopes.entries())
        expect((await store.read(one)).current?.version).toBe(`${index}.0.0`);
    });

    refusals(() => fixture);
  });
}

function refusals(fixture: () => DeploymentStoreFixture): void {
  it.each([
    ["a tenant", { environment: "prod", tenant: "../acme" }, "config.tenant-id"],
    ["an environment", { environment: "a/b", tenant: "acme" }, "usage.argument"],
  ])("take no name of %s that leads elsewhere", async (_, bad, code) => {
    const store = fixture().open();
    await expect(store.read(bad)).rejects.toMatchObject({ code });
    await expect(store.write(deployed(bad))).rejects.toMatchObject({ code });
  });

  it("do not write what is not a deployment", async () => {
    const store = fixture().open();
    const bad = { ...deployed(scope), current: { ...placement, release: "no digest" } };
    await expect(store.write(bad as unknown as Deployment)).rejects.toThrow();
    expect(await store.read(scope)).toEqual(emptyDeployment(scope));
  });

  it("say what is damaged rather than guess", async () => {
    const store = fixture().open();
    await store.write(deployed(scope));
    await fixture().damage(scope);
    await expect(fixture().open().read(scope)).rejects.toMatchObject({ code: "rollout.state" });
  });
}
