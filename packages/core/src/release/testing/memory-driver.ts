import { LotseError, systemClock, type Clock } from "../../kernel/index.ts";
import { emptyDeployment, type Deployment } from "../deployment.ts";
import type { DeploymentStore } from "../deployments.ts";
import type { RolloutDriver } from "../driver.ts";
import type { Gate } from "../gate.ts";
import type { GateSpec } from "../gates/spec.ts";
import type { Release } from "../release.ts";
import type { RolloutRequest } from "../request.ts";
import { strategyDefinitionSchema } from "../strategies/definition.ts";
import type { Hooks } from "../strategies/hooks.ts";
import { strategyOf } from "../strategies/index.ts";
import type { Payload, Target } from "../target.ts";
import { targetDriver } from "../target-driver.ts";

/** A release that holds nothing. @param digit - its id is made of it */
export function testRelease(
  version: string,
  tenants: readonly string[],
  more: Partial<Release> = {},
): Release {
  const part = { config: "c".repeat(64), variables: null };
  return {
    schema: 1,
    id: (version[0] ?? "0").repeat(64),
    version,
    code: "d".repeat(64),
    target: { type: "memory" },
    configurations: { prod: Object.fromEntries(tenants.map((tenant) => [tenant, part])) },
    commit: null,
    files: 1,
    bytes: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    createdBy: "user:t",
    seal: "e".repeat(64),
    ...more,
  };
}

/** What a {@link testRelease} gives to a target. */
export function testPayload(release: Release): Payload {
  return {
    release: release.id,
    version: release.version,
    spec: {},
    materialise: () => Promise.reject(new Error("nothing to write")),
  };
}

/** Deployments in memory. */
export function memoryDeployments(): DeploymentStore {
  const kept = new Map<string, Deployment>();
  const keyOf = ({ environment, tenant }: { environment: string; tenant: string }): string =>
    `${environment}/${tenant}`;
  return {
    read: (scope) => Promise.resolve(kept.get(keyOf(scope)) ?? emptyDeployment(scope)),
    write: (deployment) => Promise.resolve(void kept.set(keyOf(deployment), deployment)),
    list: () => Promise.resolve([...kept.values()]),
  };
}

/** How a {@link memoryDriver} is made. */
export interface MemoryDriverOptions {
  readonly target: Target;
  readonly releases: readonly Release[];
  readonly deployments: DeploymentStore;
  readonly hooks?: Hooks;
  readonly openGate?: (spec: GateSpec) => Gate;
  readonly clock?: Clock;
}

/** A driver for a target and releases in memory, whose gates pass where no other are given. */
export function memoryDriver(options: MemoryDriverOptions): RolloutDriver {
  const pass: Gate = { judge: () => Promise.resolve({ verdict: "pass", reason: "all is well" }) };
  return targetDriver({
    clock: options.clock ?? systemClock,
    deployments: options.deployments,
    releaseOf: (id) => {
      const found = options.releases.find((release) => release.id === id);
      const missing = { code: "release.not-found", message: `no release ${id}` } as const;
      return found === undefined ? Promise.reject(new LotseError(missing)) : Promise.resolve(found);
    },
    targetFor: () => options.target,
    payloadFor: testPayload,
    hooksOf: () => options.hooks ?? {},
    openGate: options.openGate ?? (() => pass),
  });
}

/** What {@link testRequest} makes a request of. */
export interface TestRequest {
  readonly release: Release;
  readonly tenants: readonly string[];
  /** A built-in strategy, or the content of a file. @defaultValue `blue-green` */
  readonly strategy?: string | Readonly<Record<string, unknown>> | undefined;
  readonly environment?: string;
  readonly id?: string | undefined;
  readonly force?: boolean | undefined;
  readonly acceptIrreversible?: boolean | undefined;
}

/** A request as the command line makes it. */
export function testRequest({ release, tenants, strategy, ...more }: TestRequest): RolloutRequest {
  const definition =
    typeof strategy === "object"
      ? strategyDefinitionSchema.parse({ name: "test", ...strategy })
      : strategyOf(strategy ?? "blue-green");
  return {
    id: more.id ?? `to-${release.version.replaceAll(".", "-")}`,
    kind: "deploy",
    environment: more.environment ?? "prod",
    release: { id: release.id, version: release.version },
    strategy: definition,
    tenants: [...tenants],
    force: more.force ?? false,
    acceptIrreversible: more.acceptIrreversible ?? false,
    by: "ci:test",
  };
}
