import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect, event, TestLog } from "../testing/fixtures.ts";

const child = fileURLToPath(new URL("../testing/crash-child.ts", import.meta.url));
const kills = 200;
const atOnce = 4;

let test: TestLog;
beforeEach(async () => {
  test = await TestLog.make();
  await mkdir(join(test.root, "changes"));
});
afterEach(() => test.dispose());

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--conditions=lotse-source", child, test.root, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    // Starting is most of what a short life costs.
    env: { ...process.env, NODE_COMPILE_CACHE: join(test.root, "cache") },
  });
}

/** Kills a process a moment after it has made some changes, and tells what it died by. */
async function killAfter(process: ChildProcess, changes: number): Promise<string | null> {
  const exit = once(process, "exit") as Promise<[number | null, string | null]>;
  await new Promise<void>((resolve) => {
    let seen = 0;
    process.stdout?.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > changes) resolve();
    });
  });
  // Any moment of the next append, or of the first one.
  await wait(Math.random() * 12);
  process.kill("SIGKILL");
  return (await exit)[1];
}

/** The changes that happened without an intent in the log. */
async function unrecorded(): Promise<string[]> {
  const intents = await collect(test.open().list({ outcome: "intent" }));
  const announced = new Set(intents.map(({ object }) => object));
  return (await readdir(join(test.root, "changes"))).filter((name) => !announced.has(name));
}

describe("processes that are killed while they append", () => {
  it(`${kills} times: the log verifies, and there is no change without an entry`, async () => {
    // A process that ends by itself leaves the cache for those that will not.
    await once(start("warm", "1", "0"), "exit");
    let size = 0;
    for (let round = 0; round < kills / atOnce; round++) {
      const dying = Array.from({ length: atOnce }, (_, at) =>
        killAfter(start(`r${round}-${at}`, String(1 + (round % 3))), (round + at) % 4),
      );
      expect(await Promise.all(dying)).toEqual(Array.from({ length: atOnce }, () => "SIGKILL"));
      // First as the dead left it, then after somebody has written again and healed it.
      const left = await test.open().verify();
      expect(left).toMatchObject({ ok: true, reason: null });
      expect(left.size).toBeGreaterThanOrEqual(size);
      expect(await unrecorded()).toEqual([]);
      ({ size } = left);
      if (round % 10 !== 9) continue;
      await test.open().append(event("healing"));
      const healed = await test.open().verify();
      expect(healed).toMatchObject({ ok: true, unsigned: 0, size: left.size + 1 });
      ({ size } = healed);
    }
    expect((await readdir(join(test.root, "changes"))).length).toBeGreaterThan(kills / 2);
  }, 300_000);

  it("leave no lock, no half line and no owner files that stay", async () => {
    for (let round = 0; round < 3; round++) {
      expect(await killAfter(start(`r${round}`, "4"), round)).toBe("SIGKILL");
    }
    const log = test.open();
    await log.append(event("healing"));
    await log.close();
    const names = await readdir(test.directory);
    expect(names.filter((name) => name.startsWith("lock"))).toEqual([]);
    const entries = await readFile(join(test.directory, "entries/00000000.jsonl"), "utf8");
    expect(entries.endsWith("\n")).toBe(true);
  });
});

describe("processes that append at once", () => {
  it("get dense numbers, and none waits for ever", async () => {
    const writers = ["a", "b", "c"].map((name) => start(name, "3", "20"));
    const codes = await Promise.all(
      writers.map(async (writer) => ((await once(writer, "exit")) as [number | null])[0]),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(await test.open().verify()).toMatchObject({
      ok: true,
      size: 3 * 3 * 20 * 2,
      unsigned: 0,
      openIntents: 0,
    });
    expect(await readdir(join(test.root, "changes"))).toHaveLength(180);
    expect(await unrecorded()).toEqual([]);
  }, 60_000);
});

describe("a disk that takes a part of what is written", () => {
  it("refuses the change, and keeps the log whole", async () => {
    // The system ends files at 16 KiB for this process, in the middle of a line.
    const script = 'ulimit -f 32; trap "" XFSZ; exec "$@"';
    const writer = spawn(
      "bash",
      ["-c", script, "bash", process.execPath, "--conditions=lotse-source", child, test.root, "full"],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    writer.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    const [status] = (await once(writer, "exit")) as [number | null];
    expect(status).not.toBe(0);
    expect(said).toContain("audit.unavailable");
    const report = await test.open().verify();
    expect(report).toMatchObject({ ok: true });
    expect(report.size).toBeGreaterThan(5);
    expect(await unrecorded()).toEqual([]);
    await test.open().append(event("with room again"));
    expect(await test.open().verify()).toMatchObject({ ok: true, size: report.size + 1, unsigned: 0 });
  });
});
