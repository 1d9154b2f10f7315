import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sensitive } from "@lotse/core/kernel";
import { strategyOf, type Deployment, type Release } from "@lotse/core/release";
import { PostgresAuditStore } from "../../../packages/engine/src/audit/postgres-store.ts";
import { openEngine, type Engine } from "../../../packages/engine/src/engine/open-engine.ts";
import { Controller } from "../../../packages/engine/src/faults/testing/controllers.ts";
import { setFault, strikeOf } from "../../../packages/engine/src/faults/testing/faults.ts";
import { postgresDeployments } from "../../../packages/engine/src/releases/postgres-deployments.ts";
import { keyOf } from "../../../packages/engine/src/rollout/keys.ts";
import type { RolloutStatus } from "../../../packages/engine/src/rollout/status.ts";
import { auditLogOf } from "../../../packages/engine/src/testing/audit-log.ts";
import { TestServer } from "../../../packages/engine/src/testing/test-server.ts";
import { startHostBed, type HostBed } from "../index.ts";
import { BedWorkspace, environment } from "./bed-workspace.ts";

const actor = { kind: "user", id: "alice" } as const;

/** What hosts hold of a tenant, with its name taken out so that tenants can be compared. */
export interface Look {
  /** By host: files and directories with their modes, but for the code. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** By host: units with their state, and how often the service in each said that it had started. */
  readonly units: Readonly<Record<string, readonly string[]>>;
  /** The servers of the balancer: name, weight, state. */
  readonly servers: readonly string[];
}

/** Three hosts, a database, and rollouts of the tiny app by controllers in processes of their own. */
export class FaultScene {
  readonly bed: HostBed;
  readonly engine: Engine;
  readonly world: string;
  readonly #server: TestServer;
  readonly #workspace: BedWorkspace;
  readonly #url: Sensitive<string>;
  readonly #releases: readonly Release[];

  private constructor(parts: {
    bed: HostBed;
    engine: Engine;
    world: string;
    server: TestServer;
    workspace: BedWorkspace;
    url: Sensitive<string>;
    releases: readonly Release[];
  }) {
    this.bed = parts.bed;
    this.engine = parts.engine;
    this.world = parts.world;
    this.#server = parts.server;
    this.#workspace = parts.workspace;
    this.#url = parts.url;
    this.#releases = parts.releases;
  }

  /** @param tenants - all that there will be */
  static async open(tenants: readonly string[]): Promise<FaultScene> {
    const [bed, server] = await Promise.all([startHostBed({ hosts: 3 }), TestServer.start()]);
    const workspace = await BedWorkspace.make(bed);
    const spec = { verify: { "duration-ms": 600 } };
    const releases = [
      await workspace.release("v1", "1.0.0", tenants, {}, spec),
      await workspace.release("v2", "2.0.0", tenants, {}, spec),
    ];
    const url = await server.database("hosts");
    const world = join(server.root, "world-hosts");
    await mkdir(world);
    const engine = await openEngine({ url });
    return new FaultScene({ bed, engine, world, server, workspace, url, releases });
  }

  controller(): Controller {
    const settings = {
      url: this.#url.reveal(),
      world: this.world,
      workspace: this.#workspace.workspace.directory,
    };
    return new Controller(settings, new URL("fault-controller.ts", import.meta.url));
  }

  /** Starts a rollout to one of the two releases; its id says which. */
  async start(tenant: string, version: 1 | 2): Promise<string> {
    const release = this.#releases[version - 1];
    if (release === undefined) throw new Error("no such release");
    const id = `${tenant}-v${version}`;
    await this.engine.rollouts.startRollout(
      {
        id,
        kind: "deploy",
        environment,
        release: { id: release.id, version: release.version },
        strategy: strategyOf("blue-green"),
        tenants: [tenant],
        by: "user:alice",
      },
      { actor },
    );
    return id;
  }

  /** Rolls out and waits for the end. */
  async deploy(tenant: string, version: 1 | 2): Promise<RolloutStatus> {
    return this.engine.rollouts.finished(await this.start(tenant, version));
  }

  /** Tries a rollout again and waits for its end. */
  async retry(id: string): Promise<RolloutStatus> {
    await this.engine.rollouts.retry(id, actor);
    return this.engine.rollouts.finished(id);
  }

  /** Rolls the second release out, whose controller waits at a place; returns when it does. */
  async hold(tenant: string, point: string, ordinal: number, step: string): Promise<string> {
    const id = `${tenant}-v2`;
    setFault(this.world, id, { place: `${point} ${keyOf(id, 1, tenant, ordinal, step)}`, how: "hold" });
    await this.start(tenant, 2);
    while (strikeOf(this.world, id) === null) await sleep(20);
    return id;
  }

  /** Where controllers die, by `point step-ordinal step-name`. */
  dieAt(id: string, tenant: string, places: readonly (readonly [string, number, string])[]): void {
    const keys = places.map(([point, ordinal, name]) => `${point} ${keyOf(id, 1, tenant, ordinal, name)}`);
    writeFileSync(join(this.world, "places.json"), JSON.stringify(keys));
  }

  /** When controllers died, and where. */
  async deaths(): Promise<readonly { place: string; at: number; pid: number }[]> {
    const names = (await readdir(this.world)).filter((name) => name.startsWith("died "));
    return names
      .map((name) => ({
        place: name.slice("died ".length),
        ...(JSON.parse(readFileSync(join(this.world, name), "utf8")) as { at: number; pid: number }),
      }))
      .sort((a, b) => a.at - b.at);
  }

  deployment(tenant: string): Promise<Deployment> {
    return postgresDeployments(this.engine.database).read({ environment, tenant });
  }

  /** Who holds the tenant's lock. */
  async lock(tenant: string): Promise<string | null> {
    const { rows } = await this.engine.database.query<{ rollout: string | null }>(
      "SELECT rollout FROM lotse.locks WHERE tenant = $1",
      [tenant],
    );
    return rows[0]?.rollout ?? null;
  }

  /** What the audit log tells of a rollout, oldest first, when it has everything; it must be sound. */
  async trail(id: string): Promise<readonly string[]> {
    const waiting = "SELECT FROM lotse.audit_outbox WHERE event->>'object' = $1";
    while ((await this.engine.database.query(waiting, [id])).rows.length > 0) await sleep(50);
    const log = auditLogOf(this.world, new PostgresAuditStore(this.engine.database));
    const trail: string[] = [];
    for await (const { action, object, outcome } of log.list())
      if (object === id) trail.unshift(`${action} ${outcome}`);
    return [...trail, (await log.verify()).ok ? "sound" : "broken"];
  }

  async look(tenant: string): Promise<Look> {
    const files: Record<string, readonly string[]> = {};
    const units: Record<string, readonly string[]> = {};
    for (const { name } of this.bed.hosts) {
      const home = `/var/lib/lotse/tenants/${environment}/${tenant}`;
      const lines = await this.#lines(name, `cd ${home} && ${findFiles}`);
      // A release lies by its digest and by that of the tenant's configuration, in which the tenant is named.
      files[name] = lines.map((line) => line.replace(/^(releases\/[0-9a-f]+-)[0-9a-f]+/u, "$1CONFIGURATION"));
      units[name] = await this.#lines(name, unitsOf(tenant));
    }
    const servers = await this.#lines(this.bed.hosts[0]?.name ?? "", serversOf(tenant));
    return { files, units, servers: servers.map((line) => line.replaceAll(tenant, "TENANT")) };
  }

  async #lines(host: string, script: string): Promise<readonly string[]> {
    const { stdout } = await this.bed.exec(host, ["sh", "-c", script]);
    return stdout.split("\n").filter((line) => line !== "");
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.#workspace.dispose();
    await Promise.all([this.bed.stop(), this.#server.dispose()]);
  }
}

/** The code is left out, and so is what only says when somebody was there. */
const findFiles =
  "find . -path './releases/*/code' -prune -o -path './lost/*' -prune -o -path './keys/*' -prune -o -printf '%P %y %m\\n' | sort";

function unitsOf(tenant: string): string {
  return `for colour in blue green; do
    unit="lotse:${environment}:${tenant}:$colour.service"
    [ -e "/etc/systemd/system/$unit" ] || { echo "$colour none"; continue; }
    started=$(journalctl --no-pager -o cat -u "$unit" | grep -c 'listens$' || true)
    echo "$colour $(systemctl is-active "$unit") started $started restarts $(systemctl show -p NRestarts --value "$unit")"
  done`;
}

function serversOf(tenant: string): string {
  return `grep -h '^ *server ' '/etc/haproxy/lotse.d/${environment}:${tenant}.cfg' | awk '{ print $2, $5, $NF }'`;
}
