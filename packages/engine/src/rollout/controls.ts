import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../database/database.ts";
import { isConnectionLoss } from "../database/connection-loss.ts";
import { keepRemaining, type Remainder } from "./step-store.ts";

/** How often it is looked whether somebody wants something of a running rollout, in milliseconds. */
const intervalMs = 100;

/** What people want of a rollout at present. */
export interface Control {
  readonly pauseAsked: boolean;
  readonly abortAsked: boolean;
  /** What was approved, by {@link gateKey}. */
  readonly approved: ReadonlySet<string>;
}

/** An approval of a tenant's rollout as one text. */
export function gateKey(tenant: string, gate: string): string {
  return `${tenant} ${gate}`;
}

type Listener = (control: Control) => void;

interface ControlRow {
  id: string;
  pause_asked: boolean;
  abort_asked: boolean;
  approved: readonly string[] | null;
}

/** Watches the rollouts that this process carries out, all with one statement. */
export class Controls {
  readonly #database: Database;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #remainders = new Map<string, Remainder>();
  readonly #stopped = new AbortController();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Calls a function at each look until the returned function is called. */
  follow(rollout: string, listener: Listener): () => void {
    const present = this.#listeners.get(rollout) ?? new Set();
    present.add(listener);
    this.#listeners.set(rollout, present);
    return () => {
      present.delete(listener);
      if (present.size === 0 && this.#listeners.get(rollout) === present) this.#listeners.delete(rollout);
    };
  }

  /** Waits until people want what a predicate looks for. */
  until(rollout: string, predicate: (control: Control) => boolean): Promise<Control> {
    return new Promise((resolve) => {
      const stop = this.follow(rollout, (control) => {
        if (!predicate(control)) return;
        stop();
        resolve(control);
      });
    });
  }

  /** Writes down at the next look what a pause has left. */
  keep(remainder: Remainder): void {
    this.#remainders.set(remainder.key, remainder);
  }

  /** Looks until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#look().catch((error: unknown) => {
        if (!isConnectionLoss(error) && !this.#stopped.signal.aborted) throw error;
      });
      await sleep(intervalMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
    this.#listeners.clear();
  }

  async #look(): Promise<void> {
    if (this.#listeners.size === 0) return;
    const remainders = [...this.#remainders.values()];
    this.#remainders.clear();
    // A pause that is still there tells again within a second when this is lost.
    if (remainders.length > 0) await keepRemaining(this.#database, remainders);
    const { rows } = await this.#database.queryOnce<ControlRow>(
      `SELECT id, pause_asked, abort_asked,
         (SELECT array_agg(a.tenant || ' ' || a.gate) FROM lotse.approvals a WHERE a.rollout = r.id AND a.run = r.run) AS approved
       FROM lotse.rollouts r WHERE id = ANY($1)`,
      [[...this.#listeners.keys()]],
    );
    for (const row of rows) {
      const control: Control = {
        pauseAsked: row.pause_asked,
        abortAsked: row.abort_asked,
        approved: new Set(row.approved),
      };
      for (const listener of this.#listeners.get(row.id) ?? []) listener(control);
    }
  }
}
