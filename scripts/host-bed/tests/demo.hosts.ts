import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** What the demo prints at the head of each of its parts, after the number. */
const parts = /^(\d)\. /gmu;

/** What demos and hosts work in on this machine. */
function workplaces(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => /^lotse-(?:dh|bed)-/u.test(name));
}

it(
  "the demo releases the example to three hosts, and no request fails that must not",
  { timeout: 900_000 },
  async () => {
    const before = workplaces();
    const child = spawn(process.execPath, [join(root, "scripts/run.mjs"), "scripts/demo-hosts/main.ts"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, which gets a Ctrl-C where the test gives up, and cleans up then.
      detached: true,
    });
    let status: unknown;
    onTestFinished(() => {
      if (status === undefined && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    });
    let told = "";
    let seen: readonly string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        told += text;
        if (seen.length === 0) seen = workplaces().filter((name) => name.startsWith("lotse-dh-"));
      });
    }
    status = await new Promise((resolve) => child.on("close", resolve));
    const text = stripVTControlCharacters(told);
    expect(status, text.slice(-5000)).toBe(0);
    expect([...text.matchAll(parts)].map(([, number]) => number).join("")).toBe("123456789");
    expect(text).toContain("no request failed that must not");
    expect(seen).not.toEqual([]);
    expect(workplaces()).toEqual(before);
  },
);
