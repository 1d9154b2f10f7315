import type { Cleanup } from "../../scripts/demo-hosts/cleanup.ts";
import { contenders, printContenders } from "./contend.ts";
import { aborts, printMoves, warmRollbacks } from "./moves.ts";
import { stageOf, type HostsLoad } from "./stage.ts";

/**
 * Measures deployments to real hosts, and prints tables.
 *
 * @param movesOnly - whether only how fast traffic moves is measured, and not what a load meets
 * @returns how many requests failed, or were reset, while Lotse deployed
 */
export async function hosts(settings: HostsLoad, cleanup: Cleanup, movesOnly: boolean): Promise<number> {
  const stage = await stageOf(cleanup, settings);
  const back = await warmRollbacks(stage);
  const aborted = await aborts(stage);
  printMoves([
    ["rollback to a warm release, from the command until the last request to the other", back.command],
    ["the same, from handing it over until all balancers had switched", back.worker],
    ["abort of a canary at 50 %, from the command until its last request", aborted.command],
    ["the same, until all balancers had switched", aborted.worker],
  ]);
  if (movesOnly) return 0;
  const all = await contenders(stage);
  printContenders(all, settings);
  return all[0] === undefined ? 0 : all[0].figures.failed;
}
