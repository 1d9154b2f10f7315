import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the benchmark runs, and the contenders agree on every status", { timeout: 120_000 }, () => {
  const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
  const output = execFileSync(process.execPath, [main, "--quick"], { encoding: "utf8" });
  for (const row of [
    "each tenant by itself",
    "Ajv",
    "rules really run",
    "one tenant's file changed",
    "CPU ms a tenant",
  ]) {
    expect(output).toContain(row);
  }
});
