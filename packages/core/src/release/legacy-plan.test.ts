import { describe, expect, it } from "vitest";
import type { Deployment } from "./deployment.ts";
import { planRollout, type PlanInput } from "./legacy-plan.ts";
import type { Release } from "./release.ts";

const idOf = (digit: string): string => digit.repeat(64);
const part = { config: idOf("c"), variables: null };
const release: Release = {
  schema: 1,
  id: idOf("b"),
  version: "2.0.0",
  code: idOf("d"),
  configurations: { prod: { acme: part, zen: part, new: part } },
  target: { type: "process" },
  commit: null,
  files: 1,
  bytes: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  createdBy: "user:tester",
  seal: idOf("e"),
};
const running = (tenant: string, id: string, colour: "blue" | "green"): Deployment => ({
  schema: 1,
  environment: "prod",
  tenant,
  current: { release: id, version: "1.0.0", colour, rollout: "r0", since: "2026-01-01T00:00:00.000Z" },
  pending: null,
  history: [],
});
const input: PlanInput = {
  id: "r1",
  release,
  environment: "prod",
  tenants: ["zen", "acme", "new"],
  deployments: [running("acme", idOf("a"), "blue"), running("zen", idOf("b"), "green")],
};

describe("planRollout", () => {
  it("plans each tenant from what it runs, in the order given", () => {
    expect(planRollout(input)).toEqual({
      id: "r1",
      environment: "prod",
      release: { id: idOf("b"), version: "2.0.0" },
      strategy: "blue-green",
      tenants: [
        {
          tenant: "zen",
          from: { release: idOf("b"), version: "1.0.0", colour: "green" },
          to: { release: idOf("b"), version: "2.0.0", colour: "green" },
          steps: [],
        },
        {
          tenant: "acme",
          from: { release: idOf("a"), version: "1.0.0", colour: "blue" },
          to: { release: idOf("b"), version: "2.0.0", colour: "green" },
          steps: [
            { name: "prepare", colour: "green" },
            { name: "start", colour: "green" },
            { name: "wait-healthy", colour: "green" },
            { name: "switch", colour: "green" },
            { name: "verify", colour: "green" },
            { name: "drain", colour: "blue" },
            { name: "retire", colour: "blue" },
          ],
        },
        {
          tenant: "new",
          to: { release: idOf("b"), version: "2.0.0", colour: "blue" },
          steps: ["prepare", "start", "wait-healthy", "switch", "verify"].map((name) => ({
            name,
            colour: "blue",
          })),
        },
      ],
    });
  });

  it("does not depend on the order of deployments, and changes no input", () => {
    const before = structuredClone(input);
    const plan = planRollout(input);
    expect(planRollout({ ...input, deployments: [...input.deployments].reverse() })).toEqual(plan);
    expect(input).toEqual(before);
  });

  it("plans what is up to date again when forced", () => {
    const [zen] = planRollout({ ...input, force: true }).tenants;
    expect(zen).toMatchObject({ from: { colour: "green" }, to: { colour: "blue" } });
    expect(zen?.steps).toHaveLength(7);
  });

  it.each<[string, Partial<PlanInput>, string, RegExp]>([
    ["an unknown strategy", { strategy: "yolo" }, "usage.unknown-strategy", /yolo/u],
    ["a strategy of Object's", { strategy: "constructor" }, "usage.unknown-strategy", /constructor/u],
    ["no tenants", { tenants: [] }, "usage.argument", /no tenant/u],
    ["a tenant twice", { tenants: ["acme", "acme"] }, "usage.argument", /twice/u],
    ["an unknown tenant", { tenants: ["nobody"] }, "rollout.not-in-release", /nobody/u],
    ["an unknown environment", { environment: "dev" }, "rollout.not-in-release", /dev:zen/u],
    ["a path as tenant", { tenants: ["../x"] }, "config.tenant-id", /not usable/u],
  ])("refuses %s", (_, more, code, message) => {
    let thrown: unknown;
    try {
      planRollout({ ...input, ...more });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it("names the strategies that there are", () => {
    expect(() => planRollout({ ...input, strategy: "x" })).toThrow(
      expect.objectContaining({ hint: "known: blue-green" }) as Error,
    );
  });
});
