import { rm } from "node:fs/promises";
import { systemClock } from "@lotse/core/kernel";
import { payloadsOf } from "../../../packages/core/src/release/payload.ts";
import type { TenantScope } from "../../../packages/core/src/release/names.ts";
import type { Release } from "../../../packages/core/src/release/release.ts";
import type { Payload } from "../../../packages/core/src/release/target.ts";
import { TestWorkspace } from "../../../packages/core/src/release/testing/test-workspace.ts";
import {
  openHostTarget,
  type HostContext,
  type HostTarget,
} from "../../../packages/core/src/release/targets/host/host-target.ts";
import type { HostBed } from "../index.ts";

/** The environment that tests deploy to. */
export const environment = "prod";

/** A description of the tiny app on the hosts of a bed; `more` goes over it. */
export function bedSpec(bed: HostBed, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    type: "host",
    hosts: bed.hosts.map(({ name, address }) => ({ name, internal: address })),
    ssh: { config: bed.sshConfigFile, "connect-timeout-ms": 3000, "answer-timeout-ms": 30_000 },
    command: ["node", "tiny-app.ts"],
    balancer: { hosts: [{ name: bed.hosts[0]?.name, internal: bed.hosts[0]?.address }] },
    health: { "interval-ms": 50, "timeout-ms": 2000, successes: 2, "deadline-ms": 15_000 },
    verify: { "duration-ms": 300 },
    "drain-timeout-ms": 4000,
    ...more,
  };
}

/** A workspace whose releases go to the hosts of a bed. */
export class BedWorkspace {
  readonly bed: HostBed;
  readonly workspace: TestWorkspace;
  readonly #releases = new Map<string, Release>();

  private constructor(bed: HostBed, workspace: TestWorkspace) {
    this.bed = bed;
    this.workspace = workspace;
  }

  static async make(bed: HostBed): Promise<BedWorkspace> {
    return new BedWorkspace(bed, await TestWorkspace.make("hosts"));
  }

  /** Makes a release of the tiny app for some tenants, known by a name. */
  async release(
    name: string,
    version: string,
    tenants: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    spec: Readonly<Record<string, unknown>> = {},
  ): Promise<Release> {
    const release = await this.workspace.release(version, variables, tenants, bedSpec(this.bed, spec));
    this.#releases.set(name, release);
    return release;
  }

  payload(name: string, scope: TenantScope, more: Partial<Payload> = {}): Payload {
    const release = this.#releases.get(name);
    if (release === undefined) throw new Error(`no release ${name}`);
    return { ...payloadsOf(this.workspace.releases, release)(scope), ...more };
  }

  target(context: HostContext = {}, spec: Readonly<Record<string, unknown>> = {}): HostTarget {
    return openHostTarget(bedSpec(this.bed, spec), { clock: systemClock, ...context });
  }

  async dispose(): Promise<void> {
    await rm(this.workspace.directory, { recursive: true, force: true });
  }
}
