import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the benchmark runs, and every contender gives the expected values", { timeout: 120_000 }, () => {
  const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
  const output = execFileSync(process.execPath, [main, "--quick"], { encoding: "utf8" });
  for (const row of [
    "lotse",
    "c12",
    "node-config",
    "js-yaml + defu",
    "warm:",
    "one tenant file changed",
    "get, path asked first",
    "CPU ms a tenant",
  ]) {
    expect(output).toContain(row);
  }
});
