import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
  const open = (): Journal => new Journal(join(directory, "state"), directory, systemClock);
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

  describe("refuses a journal that came from elsewhere", () => {
    const outside = async (path: string): Promise<void> => {
      const record = { schema: 1, files: [{ path, before: "none", content: "ZXZpbA==" }] };
      await mkdir(file("state"), { recursive: true });
      await writeFile(file("state/journal.json"), JSON.stringify(record));
      await expect(open().exclusively("test", () => Promise.resolve())).rejects.toMatchObject({
        code: "file.outside",
      });
    };

    it.each([
      ["outside the workspace", () => join(dirname(directory), "lotse-journal-outside")],
      ["up and out again", () => `${directory}/a/../../lotse-journal-outside`],
      ["in git's own files", () => file(".git/hooks/pre-commit")],
      ["in Lotse's own files", () => file(".lotse/audit/key")],
      ["relative", () => "lotse-journal-outside"],
    ])("%s", async (_, path) => {
      await outside(path());
      await expect(readFile(path())).rejects.toMatchObject({ code: "ENOENT" });
    });

    it("behind a symbolic link", async () => {
      await mkdir(file("elsewhere"));
      await mkdir(file("workspace"));
      await symlink(file("elsewhere"), file("workspace/link"));
      const journal = new Journal(file("state"), file("workspace"), systemClock);
      await expect(
        journal.replace([{ path: file("workspace/link/a"), content: bytes("evil") }]),
      ).rejects.toMatchObject({ code: "file.outside" });
      expect(await readdir(file("elsewhere"))).toEqual([]);
      await rm(file("elsewhere"), { recursive: true });
      await expect(
        journal.replace([{ path: file("workspace/link/a"), content: bytes("evil") }]),
      ).rejects.toMatchObject({ code: "file.outside" });
    });

    it("that is no journal", async () => {
      await mkdir(file("state"));
      await writeFile(file("state/journal.json"), "garbage");
      await expect(open().exclusively("test", () => Promise.resolve())).rejects.toMatchObject({
        code: "file.not-readable",
      });
    });
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
