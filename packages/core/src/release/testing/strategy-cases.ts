import { setTimeout as sleep } from "node:timers/promises";
import type { RunOutcome } from "./run-rollout.ts";

/** A target that really runs something, as a case of strategies uses it: one tenant. */
export interface StrategyStage {
  /** Rolls a version out; `bad` ends at its start. */
  deploy(version: string, how: "good" | "bad", strategy: string | Strategy): Promise<RunOutcome>;
  /** The version that answers now; null where nothing does. */
  ask(): Promise<string | null>;
}

type Strategy = Readonly<Record<string, unknown>>;

/** What a case showed. */
export interface StrategyShown {
  /** Of the new version, of one that crashes, and of the next good one. */
  readonly statuses: readonly (string | undefined)[];
  /** Who answered after each of them. */
  readonly versions: readonly (string | null)[];
  /** Whether every request was answered, from the first deployment on. */
  readonly unbroken: boolean;
}

/** A file of each strategy, the same for every target. */
export const strategyFiles: Readonly<Record<string, Strategy>> = {
  "blue-green": { strategy: "blue-green" },
  canary: { strategy: "canary", steps: [{ weight: 20 }, { pause: "1s" }, { weight: 60 }] },
  rolling: { strategy: "rolling", batch: 1 },
  recreate: { strategy: "recreate" },
};

/** What every target has to show; only `recreate` may leave requests without an answer. */
export const strategyExpected = {
  statuses: ["deployed", "rolled-back", "deployed"],
  versions: ["2.0.0", "2.0.0", "4.0.0"],
} as const;

/** Deploys a good version, a crashing one and a good one by a strategy, while somebody keeps asking. */
export async function playStrategy(stage: StrategyStage, strategy: Strategy): Promise<StrategyShown> {
  await stage.deploy("1.0.0", "good", "blue-green");
  const stop = new AbortController();
  let unbroken = true;
  const asking = (async () => {
    for (; !stop.signal.aborted; await sleep(20)) unbroken &&= (await stage.ask()) !== null;
  })();
  const statuses: (string | undefined)[] = [];
  const versions: (string | null)[] = [];
  try {
    for (const [version, how] of [
      ["2.0.0", "good"],
      ["3.0.0", "bad"],
      ["4.0.0", "good"],
    ] as const) {
      const { tenants } = await stage.deploy(version, how, strategy);
      statuses.push(tenants[0]?.status);
      versions.push(await stage.ask());
    }
  } finally {
    stop.abort();
    await asking;
  }
  return { statuses, versions, unbroken };
}
