import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/index.ts";
import { Journal } from "./journal.ts";

describe("Journal", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lotse-journal-"));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const open = (): Journal => new Journal(join(directory, "state"), systemClock);
  const file = (name: string): string => join(directory, name);
  const read = (name: string): Promise<string> => readFile(file(name), "utf8");
  const bytes = (text: string): Uint8Array => Buffer.from(text);

  it("writes, replaces and removes files as one", async () => {
    await writeFile(file("a"), "old");
    await writeFile(file("b"), "gone soon");
    await open().exclusively("test", () =>
      open().replace([
        { path: file("a"), content: bytes("new") },
        { path: file("b"), content: null },
        { path: file("deep/c"), content: bytes("made") },
      ]),
    );
    expect([await read("a"), await read("deep/c")]).toEqual(["new", "made"]);
    expect((await readdir(directory)).sort()).toEqual(["a", "deep", "state"]);
    expect(await readdir(file("state"))).toEqual([]);
  });

  it("finishes what a dead process began, and leaves alone what was changed since", async () => {
    await writeFile(file("a"), "old a");
    await writeFile(file("b"), "old b");
    const journal = open();
    await journal.exclusively("test", async () => {
      await journal.replace([{ path: file("a"), content: bytes("old a") }]);
    });
    const digest = async (name: string): Promise<string> => {
      const { createHash } = await import("node:crypto");
      return createHash("sha256")
        .update(await readFile(file(name)))
        .digest("hex");
    };
    const record = {
      schema: 1,
      files: [
        { path: file("a"), before: await digest("a"), content: Buffer.from("new a").toString("base64") },
        { path: file("b"), before: "0".repeat(64), content: Buffer.from("new b").toString("base64") },
      ],
    };
    await writeFile(file("state/journal.json"), JSON.stringify(record));
    expect(await journal.isOpen()).toBe(true);
    await journal.exclusively("test", () => Promise.resolve());
    expect([await read("a"), await read("b")]).toEqual(["new a", "old b"]);
    expect(await journal.isOpen()).toBe(false);
  });

  it("lets one change at a time through", async () => {
    await writeFile(file("n"), "0");
    const add = (): Promise<void> =>
      open().exclusively("test", async () => {
        const before = Number(await read("n"));
        await systemClock.sleep(2);
        await open().replace([{ path: file("n"), content: bytes(String(before + 1)) }]);
      });
    await Promise.all(Array.from({ length: 8 }, add));
    expect(await read("n")).toBe("8");
  });

  it("survives kill -9 at any moment: both files are the old ones or the new ones", async () => {
    const child = fileURLToPath(new URL("./testing/journal-child.ts", import.meta.url));
    await writeFile(file("a"), "0");
    await writeFile(file("b"), "0");
    for (let round = 0; round < 25; round++) {
      const worker = spawn(process.execPath, ["--conditions=lotse-source", child, directory], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => worker.stdout.once("data", resolve));
      await systemClock.sleep(round * 2);
      worker.kill("SIGKILL");
      await new Promise((resolve) => worker.once("close", resolve));
      await open().exclusively("test", () => Promise.resolve());
      expect(await read("a")).toBe(await read("b"));
    }
    expect(Number(await read("a"))).toBeGreaterThan(0);
    const left = (await readdir(directory)).filter((name) => !name.startsWith(".tmp-"));
    expect(left.sort()).toEqual(["a", "b", "state"]);
  });
});
