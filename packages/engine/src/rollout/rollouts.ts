import { setTimeout as sleep } from "node:timers/promises";
import type { Actor } from "@lotse/core/kernel";
import type { Database } from "../database/database.ts";
import {
  abortRollout,
  approveRollout,
  pauseRollout,
  resumeRollout,
  retryRollout,
  type Approval,
} from "./commands.ts";
import { readOpen, readStatus } from "./read-status.ts";
import { parseRequest, type RolloutRequestInput } from "./request.ts";
import { insertRollout, type WhenBusy } from "./rollout-store.ts";
import { endStates, type RolloutStatus } from "./status.ts";

/** How a rollout is started. */
export interface StartOptions {
  readonly actor: Actor;
  /** @defaultValue "queue" */
  readonly whenBusy?: WhenBusy;
}

/** How a rollout is watched. */
export interface WatchOptions {
  readonly signal?: AbortSignal;
  /** @defaultValue 200 */
  readonly intervalMs?: number;
}

/** What people and programs do with rollouts. Any process that reaches the database can, worker or not. */
export class Rollouts {
  readonly #database: Database;
  readonly #onStarted: () => void;

  /** @param onStarted - called when there is something new to carry out */
  constructor(database: Database, onStarted: () => void = () => undefined) {
    this.#database = database;
    this.#onStarted = onStarted;
  }

  /**
   * Hands a request over; a worker plans it, tenant after tenant, and carries it out. The same request again
   * is the same rollout.
   *
   * @throws LotseError `usage.argument` when the request is not usable, `rollout.locked` when a tenant is busy
   * and `whenBusy` is `refuse`, `database.unavailable`
   */
  async startRollout(
    request: RolloutRequestInput,
    options: StartOptions,
  ): Promise<{ readonly rollout: string }> {
    const parsed = parseRequest(request);
    await insertRollout(this.#database, parsed, options.actor, options.whenBusy ?? "queue");
    this.#onStarted();
    return { rollout: parsed.id };
  }

  /** @throws LotseError `rollout.not-found` */
  status(id: string): Promise<RolloutStatus> {
    return readStatus(this.#database, id);
  }

  /**
   * The rollouts that have not ended, in the order of their turn.
   *
   * @param environment - only there. @defaultValue everywhere
   */
  open(environment?: string): Promise<readonly RolloutStatus[]> {
    return readOpen(this.#database, environment);
  }

  /** How many rollouts have not ended. */
  async countOpen(): Promise<number> {
    const { rows } = await this.#database.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM lotse.rollouts WHERE ended_at IS NULL",
    );
    return rows[0]?.n ?? 0;
  }

  /** The status now, and at each change until the rollout has ended. @throws LotseError `rollout.not-found` */
  async *watch(id: string, options: WatchOptions = {}): AsyncGenerator<RolloutStatus, void> {
    let seen = -1;
    while (options.signal?.aborted !== true) {
      const status = await this.status(id);
      if (status.revision !== seen) yield status;
      seen = status.revision;
      if (endStates.has(status.state)) return;
      const stop = options.signal === undefined ? {} : { signal: options.signal };
      await sleep(options.intervalMs ?? 200, undefined, stop).catch(() => undefined);
    }
  }

  /** Waits until a rollout has ended. @throws LotseError `rollout.not-found` */
  async finished(id: string): Promise<RolloutStatus> {
    for await (const status of this.watch(id)) if (endStates.has(status.state)) return status;
    return this.status(id);
  }

  /** @throws LotseError `rollout.not-found`, `rollout.refused` when it does not fit the present state */
  approve(id: string, actor: Actor, approval: Approval = {}): Promise<void> {
    return approveRollout(this.#database, id, actor, approval);
  }

  /** @throws LotseError `rollout.not-found`, `rollout.refused` when it does not fit the present state */
  pause(id: string, actor: Actor): Promise<void> {
    return pauseRollout(this.#database, id, actor);
  }

  /** @throws LotseError `rollout.not-found`, `rollout.refused` when it does not fit the present state */
  resume(id: string, actor: Actor): Promise<void> {
    return resumeRollout(this.#database, id, actor);
  }

  /** @throws LotseError `rollout.not-found`, `rollout.refused` when it does not fit the present state */
  async abort(id: string, actor: Actor): Promise<void> {
    await abortRollout(this.#database, id, actor);
    this.#onStarted();
  }

  /** @throws LotseError `rollout.not-found`, `rollout.refused` when it does not fit the present state */
  async retry(id: string, actor: Actor): Promise<void> {
    await retryRollout(this.#database, id, actor);
    this.#onStarted();
  }
}
