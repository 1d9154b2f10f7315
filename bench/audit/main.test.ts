import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the benchmark runs, and every contender has all entries", { timeout: 240_000 }, () => {
  const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
  const output = execFileSync(process.execPath, [main, "--quick"], { encoding: "utf8" });
  for (const row of [
    "1 writer, fsync",
    "1 writer, fsync within a second",
    "64 writers, no fsync",
    "JSON lines",
    "hash chain",
    "first append ms",
  ]) {
    expect(output).toContain(row);
  }
  expect(output).toMatch(/\| 3000 +\| lotse +\|.*\| 3000 +\|/u);
});
