import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sensitive } from "@lotse/core/kernel";
import { deploymentSchema, type Deployment, type TenantPlan } from "@lotse/core/release";
import { PostgresAuditStore } from "../../audit/postgres-store.ts";
import { openEngine, type Engine } from "../../engine/open-engine.ts";
import { postgresDeployments } from "../../releases/postgres-deployments.ts";
import { loadPlan } from "../../rollout/tenant-plan.ts";
import type { RolloutStatus } from "../../rollout/status.ts";
import { auditLogOf } from "../../testing/audit-log.ts";
import type { TestServer } from "../../testing/test-server.ts";
import { readFault, strikeOf } from "./faults.ts";
import { before, environment, requestOf } from "./scenes.ts";
import { Worlds, type World } from "./world.ts";

/** Who wants the rollouts of tests. */
const actor = { kind: "user", id: "alice" } as const;

/** All that is left of a rollout when it is over. */
export interface Remains {
  readonly status: RolloutStatus;
  readonly world: World;
  readonly deployment: Deployment;
  /** The rollout that holds the tenant's lock. */
  readonly lock: string | null;
  /** What the audit log tells, oldest first. */
  readonly trail: readonly string[];
}

/** A database, a directory of worlds, and an engine that only looks on. */
export class Stage {
  readonly url: Sensitive<string>;
  readonly world: string;
  readonly engine: Engine;
  readonly #worlds: Worlds;
  readonly #approved = new Set<string>();
  readonly #stopped = new AbortController();
  #trails = new Map<string, string[]>();

  private constructor(url: Sensitive<string>, world: string, engine: Engine) {
    this.url = url;
    this.world = world;
    this.engine = engine;
    this.#worlds = new Worlds(world);
    void this.#approve();
  }

  static async open(server: TestServer, name: string): Promise<Stage> {
    const url = await server.database(name);
    const world = join(server.root, `world-${name}`);
    await mkdir(world);
    return new Stage(url, world, await openEngine({ url }));
  }

  /** What controllers are started with. */
  get settings(): { url: string; world: string } {
    return { url: this.url.reveal(), world: this.world };
  }

  /** Lets a tenant run its first release, and starts its rollout. */
  async start(tenant: string): Promise<void> {
    const { world, deployment } = before(tenant);
    await this.#worlds.write(tenant, world);
    await postgresDeployments(this.engine.database).write(deploymentSchema.parse(deployment));
    await this.engine.rollouts.startRollout(requestOf(tenant), { actor });
  }

  plan(tenant: string): Promise<TenantPlan> {
    return loadPlan(this.engine.database, tenant, 1, tenant);
  }

  /** Waits until a fault has struck. */
  async struck(tenant: string): Promise<void> {
    while (strikeOf(this.world, tenant) === null) await sleep(20);
  }

  /** Waits until a rollout is over, and until the audit log has everything. */
  async remains(tenant: string): Promise<Remains> {
    const { engine } = this;
    const status = await engine.rollouts.finished(tenant);
    while ((await this.#count("audit_outbox WHERE event->>'object' = $1", tenant)) > 0) await sleep(50);
    const { rows } = await engine.database.query<{ rollout: string | null }>(
      "SELECT rollout FROM lotse.locks WHERE tenant = $1",
      [tenant],
    );
    return {
      status,
      world: await this.#worlds.read(tenant),
      deployment: await postgresDeployments(engine.database).read({ environment, tenant }),
      lock: rows[0]?.rollout ?? null,
      trail: await this.#trailOf(tenant),
    };
  }

  /** Whether the whole log is sound. */
  async verifyAudit(): Promise<boolean> {
    const log = auditLogOf(this.world, new PostgresAuditStore(this.engine.database));
    return (await log.verify()).ok;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.engine.close();
  }

  /** The log is read as a whole, so what was read is kept until something is missing in it. */
  async #trailOf(tenant: string): Promise<readonly string[]> {
    const isWhole = (trail: readonly string[] | undefined): boolean =>
      trail?.some((entry) => /^rollout.(?:deploy|rollback) (?:success|failure)$/u.test(entry)) === true;
    if (!isWhole(this.#trails.get(tenant))) this.#trails = await this.#readTrails();
    return this.#trails.get(tenant) ?? [];
  }

  async #readTrails(): Promise<Map<string, string[]>> {
    const log = auditLogOf(this.world, new PostgresAuditStore(this.engine.database));
    const trails = new Map<string, string[]>();
    for await (const { action, object, outcome } of log.list()) {
      // The newest comes first.
      trails.set(object ?? "", [`${action} ${outcome}`, ...(trails.get(object ?? "") ?? [])]);
    }
    return trails;
  }

  async #count(what: string, tenant: string): Promise<number> {
    const { rows } = await this.engine.database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM lotse.${what}`,
      [tenant],
    );
    return rows[0]?.n ?? 0;
  }

  async #waiting(): Promise<readonly string[]> {
    const { rows } = await this.engine.database.query<{ id: string }>(
      "SELECT id FROM lotse.rollouts WHERE state = 'waiting'",
    );
    return rows.map(({ id }) => id);
  }

  /** Approves what waits, unless a fault is still to strike in the middle of the wait. */
  async #approve(): Promise<void> {
    const { rollouts } = this.engine;
    while (!this.#stopped.signal.aborted) {
      const waiting = await this.#waiting().catch(() => []);
      for (const id of waiting) {
        const place = readFault(this.world, id)?.place ?? "";
        const strikesHere = place.startsWith("waiting ") && place.includes("-approval.");
        const early = strikesHere && strikeOf(this.world, id) === null;
        if (early || this.#approved.has(id)) continue;
        this.#approved.add(id);
        await rollouts.approve(id, actor).catch(() => this.#approved.delete(id));
      }
      await sleep(300, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }
}
