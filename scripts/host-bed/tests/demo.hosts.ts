import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** What the demo prints at the head of each of its parts, after the number. */
const parts = /^(\d)\. /gmu;

it(
  "the demo releases the example to three hosts, and no request fails that must not",
  { timeout: 900_000 },
  async () => {
    const child = spawn(process.execPath, [join(root, "scripts/run.mjs"), "scripts/demo-hosts/main.ts"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let told = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (told += text));
    }
    const status = await new Promise((resolve) => child.on("close", resolve));
    const text = stripVTControlCharacters(told);
    expect(status, text.slice(-5000)).toBe(0);
    expect([...text.matchAll(parts)].map(([, number]) => number).join("")).toBe("123456789");
    expect(text).toContain("no request failed that must not");
    // What it worked in is gone.
    const workspaces = [...text.matchAll(/\/\S*lotse-dh-\w+/gu)].map(([path]) => path);
    expect(workspaces.filter((path) => existsSync(path))).toEqual([]);
  },
);
