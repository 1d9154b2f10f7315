import { strategyDefinitionSchema, type Deployment, type Hooks, type Release } from "@lotse/core/release";
import type { RolloutRequestInput } from "../../rollout/request.ts";
import { firstWorld, withOther, type World } from "./world.ts";

/** A rollout whose controllers are killed. */
export interface Scene {
  readonly name: string;
  /** The content of a strategy file. */
  readonly strategy: Readonly<Record<string, unknown>>;
  readonly hosts: readonly string[];
  readonly state: "deployed" | "failed";
  /** Commands beside the steps. */
  readonly hooks?: Hooks;
  /** What was rolled out before and never came to its end: it has a part of the traffic. */
  readonly halfway?: true;
  /** What is wanted runs already beside what has the traffic: the way back is warm. */
  readonly warm?: true;
  /** Only what undoes is struck: the way there is that of another scene. */
  readonly undoOnly?: true;
}

const one = ["local"] as const;
const three = ["web-1", "web-2", "web-3"] as const;
const gates = {
  smoke: { kind: "command", run: ["true"] },
  broken: { kind: "command", run: ["false"] },
} as const;

/** Every strategy, and what undoes it. */
const allScenes: readonly Scene[] = [
  {
    name: "bluegreen",
    strategy: {
      strategy: "blue-green",
      old: "removed",
      gates,
      steps: [{ gate: "smoke" }],
      watch: { for: "1s", every: "500ms", gates: ["smoke"] },
    },
    hosts: one,
    state: "deployed",
    hooks: {
      migrate: { when: "before", phase: "start", run: ["true"], on: "one", timeout: "1m" },
      announce: { when: "after", phase: "switch", run: ["true"], on: "each", timeout: "1m" },
    },
  },
  {
    name: "halfway",
    strategy: { strategy: "canary", gates, steps: [{ weight: 10 }, { gate: "smoke" }] },
    hosts: one,
    state: "deployed",
    halfway: true,
  },
  {
    name: "rollback",
    strategy: { strategy: "blue-green", gates, watch: { for: "1s", every: "500ms", gates: ["smoke"] } },
    hosts: one,
    state: "deployed",
    warm: true,
  },
  {
    name: "canary",
    strategy: {
      strategy: "canary",
      sticky: "session",
      gates,
      steps: [{ weight: 10 }, { pause: "3s" }, { gate: "smoke" }, { approval: "ops" }, { weight: 50 }],
    },
    hosts: one,
    state: "deployed",
  },
  { name: "rolling", strategy: { strategy: "rolling", batch: 1 }, hosts: three, state: "deployed" },
  { name: "recreate", strategy: { strategy: "recreate" }, hosts: one, state: "deployed" },
  {
    name: "canaryundo",
    strategy: { strategy: "canary", gates, steps: [{ weight: 10 }, { gate: "broken" }] },
    hosts: one,
    state: "failed",
    undoOnly: true,
  },
  {
    name: "rollingundo",
    strategy: { strategy: "rolling", batch: 1, gates, steps: [{ gate: "broken" }] },
    hosts: three,
    state: "failed",
    undoOnly: true,
  },
];

/** @param names - only these, separated by commas, to try one out. @defaultValue all */
export function scenesOf(names = ""): readonly Scene[] {
  return names === "" ? allScenes : allScenes.filter(({ name }) => names.split(",").includes(name));
}

const versions = { first: "1.0.0", other: "1.5.0", next: "2.0.0" } as const;
/** The environment of all of them. */
export const environment = "prod";

/** The scene that a tenant is of: its name begins with the scene's. */
export function sceneOf(tenant: string): Scene {
  const name = tenant.split("-")[0];
  const scene = allScenes.find((candidate) => candidate.name === name);
  if (scene === undefined) throw new Error(`no scene for ${tenant}`);
  return scene;
}

/** One of the two releases that there are, as far as a tenant is concerned. */
export function releaseOf(id: string, tenant: string): Release {
  const version = id.startsWith("1") ? versions.first : versions.next;
  const part = { config: "c".repeat(64), variables: null };
  return {
    schema: 2,
    id,
    version,
    code: "d".repeat(64),
    target: { type: "file" },
    configurations: { [environment]: { [tenant]: part } },
    commit: null,
    files: 1,
    bytes: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    createdBy: "user:t",
    seal: "e".repeat(64),
  };
}

const firstId = "1".repeat(64);
const nextId = "2".repeat(64);
const otherId = "3".repeat(64);

/** The rollout of a tenant, which has the tenant's name. */
export function requestOf(tenant: string): RolloutRequestInput {
  const { name, strategy, warm } = sceneOf(tenant);
  return {
    id: tenant,
    kind: warm === true ? "rollback" : "deploy",
    environment,
    release: { id: nextId, version: versions.next },
    strategy: strategyDefinitionSchema.parse({ name, ...strategy }),
    tenants: [tenant],
    by: "user:alice",
  };
}

/** What a tenant runs before its rollout: on the hosts, and as it is written down. */
export function before(tenant: string): { world: World; deployment: Deployment } {
  const since = "2026-01-01T00:00:00.000Z";
  const placement = { release: firstId, version: versions.first, colour: "blue" } as const;
  const first = { rollout: "first", ...placement };
  const { hosts, halfway, warm } = sceneOf(tenant);
  let world = firstWorld(hosts, firstId, versions.first);
  if (halfway === true) world = withOther(world, otherId, versions.other, 10);
  if (warm === true) world = withOther(world, nextId, versions.next, 0);
  return {
    world,
    deployment: {
      schema: 1,
      environment,
      tenant,
      current: { ...first, since },
      pending: null,
      history: [{ ...first, status: "deployed", by: "user:alice", at: since }],
    },
  };
}
