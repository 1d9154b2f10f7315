import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a controller is struck: `point key`, and how. */
export interface Fault {
  readonly place: string;
  /** `die`: by SIGKILL; `hold`: it waits there until {@link letGo}. */
  readonly how: "die" | "hold";
}

/** What a controller left about its death. */
export interface Death {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly pid: number;
}

function faultPath(world: string, rollout: string): string {
  return join(world, `fault ${rollout}.json`);
}

/** Sets the one fault of a rollout; before it is started. */
export function setFault(world: string, rollout: string, fault: Fault): void {
  writeFileSync(faultPath(world, rollout), JSON.stringify(fault));
}

/** @returns null where a rollout has none */
export function readFault(world: string, rollout: string): Fault | null {
  const path = faultPath(world, rollout);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Fault) : null;
}

/** What is left of a fault that has struck. */
export function strikeOf(world: string, rollout: string): Death | null {
  const path = join(world, `struck ${rollout}`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Death) : null;
}

/** Notes that the fault of a rollout strikes. */
export function noteStrike(world: string, rollout: string): void {
  writeDeath(world, rollout, { at: Date.now(), pid: process.pid });
}

/** In one step: others look for it all the time. */
function writeDeath(world: string, rollout: string, death: Death): void {
  const path = join(world, `struck ${rollout}`);
  writeFileSync(`${path} ${process.pid}`, JSON.stringify(death));
  renameSync(`${path} ${process.pid}`, path);
}

/** Counts the recovery from now on: a controller that waits is only now taken away. */
export function strikeNow(world: string, rollout: string): void {
  const death = strikeOf(world, rollout);
  if (death === null) throw new Error("nobody waits");
  writeDeath(world, rollout, { ...death, at: Date.now() });
}

/** Lets a controller go on that waits. */
export function letGo(world: string, rollout: string): void {
  writeFileSync(join(world, `go ${rollout}`), "");
}

/** Whether {@link letGo} was called. */
export function mayGo(world: string, rollout: string): boolean {
  return existsSync(join(world, `go ${rollout}`));
}

/** @returns whether the caller may die: whoever did before has been replaced */
export function takeTurn(world: string): boolean {
  try {
    writeFileSync(join(world, "dying"), "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

/** Somebody replaces the one that died. */
export function passTurn(world: string): void {
  rmSync(join(world, "dying"), { force: true });
}

/** Notes that a controller works on a rollout for the first time. */
export function noteSeen(world: string, rollout: string): void {
  appendFileSync(join(world, `seen ${rollout}`), `${process.pid} ${Date.now()}\n`);
}

/** The time in milliseconds from the death of a controller until another one went on with a rollout. */
export function recoveryMs(world: string, rollout: string): number | null {
  const death = strikeOf(world, rollout);
  if (death === null) return null;
  const times = readFileSync(join(world, `seen ${rollout}`), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number))
    .filter(([pid, at]) => pid !== death.pid && (at ?? 0) >= death.at)
    .map(([, at]) => at ?? 0);
  return times.length === 0 ? null : Math.min(...times) - death.at;
}
