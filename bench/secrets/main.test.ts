import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it(
  "the benchmark runs, all contenders agree, and setting a value touches no other",
  { timeout: 240_000 },
  () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const output = execFileSync(process.execPath, ["--conditions=lotse-source", main, "--quick"], {
      encoding: "utf8",
    });
    for (const row of [
      "opening 60 values",
      "AES-256-GCM by node:crypto",
      "age-encryption, one blob",
      "CPU µs a value",
      "lotse: add a recipient",
      "lotse: remove a recipient",
      "lotse: new data keys",
      "age-encryption, fsync",
      "wall ms a file",
      "lotse, in the audit log first",
      "lotse, no audit log",
      "a line of JSON and fsync, then a Map",
      "log firewall",
    ]) {
      expect(output).toContain(row);
    }
    expect(output).toMatch(/\| values with another ciphertext +\| 1 +\| 1 +\|/u);
    expect(output).toMatch(/\| lines of the metadata that changed: MAC and time +\| [12] +\|/u);
  },
);
