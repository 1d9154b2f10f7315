import { describe, expect, it } from "vitest";
import { emptyDeployment, type Deployment } from "./deployment.ts";
import { planTenant, tenantPlanSchema, type TenantPlanInput } from "./plan.ts";
import { strategyOf } from "./strategies/index.ts";
import type { ColourState, TargetState } from "./target.ts";
import { testRelease, testRequest } from "./testing/memory-driver.ts";
import { activeOf, allTo } from "./weights.ts";

const scope = { environment: "prod", tenant: "acme" };
const v1 = testRelease("1.0.0", ["acme"]);
const v2 = testRelease("2.0.0", ["acme"]);
const since = "2026-01-01T00:00:00.000Z";

const colour = (
  name: "blue" | "green",
  release: typeof v1,
  state: ColourState["state"] = "running",
): ColourState => ({
  colour: name,
  host: "local",
  release: release.id,
  version: release.version,
  state,
  restarts: 0,
  requests: 0,
  errors: 0,
  inFlight: 0,
  detail: {},
});

const stateOf = (
  traffic: TargetState["traffic"],
  colours: readonly ColourState[],
  more: Partial<TargetState> = {},
): TargetState => ({
  active: activeOf(traffic),
  traffic,
  colours,
  unreachable: {},
  unrouted: 0,
  url: null,
  ...more,
});

const running: Deployment = {
  ...emptyDeployment(scope),
  current: { release: v1.id, version: v1.version, colour: "blue", rollout: "r0", since },
};

const input = (more: Partial<TenantPlanInput> & { readonly force?: boolean } = {}): TenantPlanInput => ({
  request: testRequest({ release: v2, tenants: ["acme"], force: more.force }),
  tenant: "acme",
  strategy: strategyOf("blue-green"),
  release: v2,
  deployment: running,
  state: stateOf({ local: allTo("blue") }, [colour("blue", v1)]),
  hosts: ["local"],
  hooks: {},
  ...more,
});

const names = ({ steps }: ReturnType<typeof planTenant>): readonly string[] => steps.map(({ name }) => name);
const enter = ["prepare", "start", "wait-healthy", "switch", "verify"];

describe("planTenant", () => {
  it("is pure, and gives data that fits its schema", () => {
    const given = input();
    const before = structuredClone(given);
    const plan = planTenant(given);
    expect(planTenant(given)).toEqual(plan);
    expect(given).toEqual(before);
    expect(tenantPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(plan).toMatchObject({
      tenant: "acme",
      from: { release: v1.id, version: "1.0.0", colour: "blue" },
      to: { release: v2.id, version: "2.0.0", colour: "green" },
    });
    expect(names(plan)).toEqual(enter);
  });

  it("begins in blue where nothing runs", () => {
    const plan = planTenant(input({ deployment: emptyDeployment(scope), state: stateOf({}, []) }));
    expect(plan.from).toBeUndefined();
    expect(plan.to.colour).toBe("blue");
    expect(plan.undo[0]).toMatchObject({ action: "restore", input: { previous: null } });
  });

  it("has nothing to do where the release has all requests and runs", () => {
    const up = { release: v1, request: testRequest({ release: v1, tenants: ["acme"] }) };
    expect(planTenant(input(up))).toMatchObject({ steps: [], undo: [], to: { colour: "blue" } });
    const forced = { release: v1, request: testRequest({ release: v1, tenants: ["acme"], force: true }) };
    expect(names(planTenant(input(forced)))).toEqual(enter);
    const crashed = stateOf({ local: allTo("blue") }, [colour("blue", v1, "backing-off")]);
    expect(names(planTenant(input({ ...up, state: crashed })))).toEqual(enter);
    const split = stateOf({ local: { blue: 90, green: 10 } }, [colour("blue", v1), colour("green", v2)]);
    expect(names(planTenant(input({ ...up, state: split })))).toEqual(["settle", "settle-drain", ...enter]);
  });

  it.each<[ColourState["state"], readonly string[]]>([
    ["running", ["wait-healthy", "switch", "verify"]],
    ["stopped", ["start", "wait-healthy", "switch", "verify"]],
    ["prepared", enter],
    ["exited", enter],
    ["backing-off", enter],
    ["unknown", enter],
  ])("with the release in the other colour, %s", (state, steps) => {
    const warm = stateOf({ local: allTo("blue") }, [colour("blue", v1), colour("green", v2, state)]);
    expect(names(planTenant(input({ state: warm })))).toEqual(steps);
    expect(
      names(
        planTenant(
          input({ state: warm, request: testRequest({ release: v2, tenants: ["acme"], force: true }) }),
        ),
      ),
    ).toEqual(enter);
  });

  it("takes for stable what has most of the requests, where the record was lost", () => {
    const split = stateOf({ local: { blue: 5, green: 95 } }, [colour("blue", v2), colour("green", v1)]);
    const plan = planTenant(input({ deployment: emptyDeployment(scope), state: split }));
    expect(plan.from).toEqual({ release: v1.id, version: "1.0.0", colour: "green" });
    expect(plan.steps[0]).toMatchObject({ name: "settle", input: { weights: { blue: 0, green: 100 } } });
  });

  it("takes requests away from what is to be replaced also where the stable release cannot have them", () => {
    const broken = stateOf({ local: { blue: 50, green: 50 } }, [
      colour("blue", v1, "exited"),
      colour("green", v2),
    ]);
    const plan = planTenant(input({ state: broken }));
    expect(plan.steps[0]).toMatchObject({ name: "settle-out", input: { weights: { blue: 0, green: 0 } } });
  });

  it("begins nothing while a host does not answer", () => {
    const lost = stateOf({}, [], { unreachable: { local: "connection refused" } });
    expect(() => planTenant(input({ state: lost }))).toThrow(
      expect.objectContaining({ code: "target.host", retryable: true }) as Error,
    );
  });
});
