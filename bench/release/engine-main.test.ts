import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

interface Figures {
  readonly rollouts: Readonly<Record<"pickUp" | "ownPerStep" | "abort", { readonly count: number }>>;
  readonly unaudited: number;
  readonly audits: readonly { readonly shape: string; readonly verified: boolean }[];
}

it("the engine's benchmark runs and ends by itself, and every audited operation is in the log", async () => {
  const main = join(import.meta.dirname, "engine-main.ts");
  const args = ["--conditions=lotse-source", main, "--quick", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 230_000 });
  const { rollouts, audits, unaudited } = JSON.parse(stdout) as Figures;
  expect([rollouts.pickUp.count, rollouts.ownPerStep.count, rollouts.abort.count]).toEqual([10, 60, 3]);
  expect(unaudited).toBeGreaterThan(0);
  expect(audits.map(({ shape, verified }) => [shape, verified])).toEqual([
    ["statement", true],
    ["transaction", true],
    ["ten entries", true],
  ]);
}, 240_000);
