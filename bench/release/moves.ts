import { setTimeout as sleep } from "node:timers/promises";
import { printed } from "@lotse/core/contract";
import { roll, tenant } from "../../scripts/demo-hosts/releases.ts";
import type { HostsShell } from "../../scripts/demo-hosts/shell.ts";
import { VersionWatch } from "../../scripts/demo-hosts/traffic.ts";
import { table } from "../config/report.ts";
import { load } from "../secrets/machine.ts";
import type { Stage } from "./stage.ts";

/** How fast traffic moves, each time in milliseconds. */
export interface Moves {
  /** From the command until the last request to the release that is left. */
  readonly command: number[];
  /** From handing the rollout over, or from the abort, until the balancers had switched. */
  readonly worker: number[];
}

/** Goes back to a release that still runs. */
export async function warmRollbacks({ shell, urls, settings }: Stage): Promise<Moves> {
  const moves: Moves = { command: [], worker: [] };
  for (let round = 0; round < settings.repeats; round++) {
    await roll(shell, ["deploy", "--release", "2.0.0"]);
    const watch = new VersionWatch(urls);
    await sleep(500);
    const since = performance.now();
    const { status, rollout } = await roll(shell, ["rollback", "--to", "1.0.0"]);
    watch.stop();
    if (status !== 0) throw new Error("the rollback failed");
    moves.command.push(watch.last((version) => version === "2.0.0", since));
    const ended = rollout.steps.find(({ name }) => name === "switch")?.endedAt ?? "";
    moves.worker.push(Date.parse(ended) - Date.parse(rollout.createdAt));
  }
  return moves;
}

/** Ends a canary that has half of the requests. */
export async function aborts({ shell, urls, settings }: Stage): Promise<Moves> {
  const moves: Moves = { command: [], worker: [] };
  for (let round = 0; round < settings.repeats; round++) {
    const canary = shell.start(["deploy", `prod:${tenant}`, "--release", "2.0.0", "--strategy", "held"]);
    await canary.until("weight.50");
    const watch = new VersionWatch(urls);
    await sleep(1000);
    const since = performance.now();
    const id = await openRollout(shell);
    const asked = performance.now();
    const at = Date.now();
    await shell.lotse(["abort", id]);
    await canary.ended;
    watch.stop();
    moves.command.push(watch.last((version) => version === "2.0.0", since) - (asked - since));
    const { value } = await shell.json(["status", id], printed.rollout);
    const undone = value.steps.find(({ name }) => name === "restore");
    moves.worker.push(Date.parse(undone?.endedAt ?? "") - at);
  }
  return moves;
}

async function openRollout(shell: HostsShell): Promise<string> {
  const { value } = await shell.json(["status", "--rollouts"], printed["rollout-list"]);
  const [first] = value;
  if (first === undefined) throw new Error("no rollout is under way");
  return first.id;
}

/** Prints how fast it was. */
export function printMoves(rows: readonly (readonly [string, readonly number[]])[]): void {
  console.log(`\nHow fast traffic moves (aim: < 2000 ms); ${load()}\n`);
  const cells = rows.map(([name, times]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return [name, middle.toFixed(0), (sorted.at(-1) ?? Number.NaN).toFixed(0), String(sorted.length)];
  });
  console.log(table(["", "median ms", "worst ms", "times"], cells));
}
