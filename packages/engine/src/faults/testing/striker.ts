import { setTimeout as sleep } from "node:timers/promises";
import { mayGo, noteSeen, noteStrike, readFault, strikeOf, takeTurn, type Fault } from "./faults.ts";

/** How long nobody else may come before those who wait to die do so together, in milliseconds. */
const quietMs = 1500;
/** How far into a pause or an approval its middle is, in milliseconds. */
const middleMs = 150;
/** How often is looked whether the one that died before has been replaced, in milliseconds. */
const turnMs = 100;

/**
 * Strikes a controller at the places that were set. Those who are to die wait for others to come to their own
 * places, and then die together: each at its very place, with one death of the process.
 */
export class Striker {
  readonly #world: string;
  readonly #faults = new Map<string, Fault | null>();
  /** Rollouts that wait to die. */
  readonly #doomed = new Set<string>();
  #dying: NodeJS.Timeout | undefined;

  constructor(world: string) {
    this.#world = world;
  }

  /** A place in the life of a step. */
  async at(point: string, key: string): Promise<void> {
    const rollout = key.slice(0, key.indexOf("."));
    const fault = this.#faultOf(rollout);
    if (fault === null) return;
    const [faultPoint, faultKey] = fault.place.split(" ");
    if (faultKey !== key || strikeOf(this.#world, rollout) !== null) return;
    // Nothing calls from the middle of a wait of the engine's own.
    if (faultPoint === "waiting" && point === "step-begun") this.#dieWhileWaiting(rollout);
    if (faultPoint === "waiting" && point === "step-acted") this.#doomed.delete(rollout);
    if (faultPoint !== point) return;
    if (fault.how === "hold") {
      noteStrike(this.#world, rollout);
      while (!mayGo(this.#world, rollout)) await sleep(20);
      return;
    }
    this.#doom(rollout);
    await new Promise(() => undefined);
  }

  #faultOf(rollout: string): Fault | null {
    const known = this.#faults.get(rollout);
    if (known !== undefined) return known;
    noteSeen(this.#world, rollout);
    const fault = readFault(this.#world, rollout);
    this.#faults.set(rollout, fault);
    return fault;
  }

  /** A wait goes on, so nobody else is waited for. */
  #dieWhileWaiting(rollout: string): void {
    this.#doomed.add(rollout);
    setTimeout(() => {
      if (this.#doomed.has(rollout)) this.#die();
    }, middleMs);
  }

  #doom(rollout: string): void {
    this.#doomed.add(rollout);
    clearTimeout(this.#dying);
    this.#dying = setTimeout(() => this.#die(), quietMs);
  }

  /** One at a time, and only while there is another one to go on: what is measured is how soon that one does. */
  #die(): void {
    if (this.#doomed.size === 0) return;
    if (!takeTurn(this.#world)) {
      clearTimeout(this.#dying);
      this.#dying = setTimeout(() => this.#die(), turnMs);
      return;
    }
    for (const doomed of this.#doomed) noteStrike(this.#world, doomed);
    process.kill(process.pid, "SIGKILL");
  }
}
