import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it(
  "the benchmark of the engine runs, and every audited operation is in the log",
  { timeout: 300_000 },
  () => {
    const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
    const source = "--conditions=lotse-source";
    const output = execFileSync(process.execPath, [source, main, "--quick", "--engine"], {
      encoding: "utf8",
    });
    for (const row of [
      "pick-up",
      "our own, a step",
      "abort to 0 % traffic",
      "AUDITED OPERATIONS/S",
      "How the cost grows",
    ]) {
      expect(output).toContain(row);
    }
    expect(output).not.toContain("| NO ");
    expect(output.match(/^\| \d+ +\| \d+ +\| \d+\.\d/gmu)).toHaveLength(2);
  },
);
