import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle } from "../testing/bundle.ts";
import { collect, event, TestLog } from "../testing/fixtures.ts";

const atOnce = 4;
/** After so many kills another log is begun: reading what is there takes longer with every one of them. */
const killsOfALog = 40;

let built: string;
let child: string;
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "lotse-crash-"));
  child = await bundle(fileURLToPath(new URL("../testing/crash-child.ts", import.meta.url)), built);
});
afterAll(() => rm(built, { recursive: true }));

let test: TestLog;
beforeEach(async () => {
  test = await makeLog();
});
afterEach(() => test.dispose());

async function makeLog(): Promise<TestLog> {
  const made = await TestLog.make();
  for (const name of ["changes", "given"]) await mkdir(join(made.root, name));
  return made;
}

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [child, test.root, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    // Starting is most of what a short life costs.
    env: { ...process.env, NODE_COMPILE_CACHE: join(built, "cache") },
  });
}

/** Kills a process a moment after some of its changes and reads took effect, and tells what it died by. */
async function killAfter(process: ChildProcess, effects: number): Promise<string | null> {
  const exit = once(process, "exit") as Promise<[number | null, string | null]>;
  await new Promise<void>((resolve) => {
    let seen = 0;
    process.stdout?.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > effects) resolve();
    });
  });
  // Any moment of the next appends, or of the first one.
  await wait(Math.random() * 12);
  process.kill("SIGKILL");
  return (await exit)[1];
}

/** The changes that happened without an intent in the log, and what was given out without an entry. */
async function unrecorded(): Promise<string[]> {
  const entries = await collect(test.open().list());
  const announced = new Set(
    entries.filter(({ outcome }) => outcome === "intent").map(({ object }) => object),
  );
  const told = new Set(entries.filter(({ outcome }) => outcome === "success").map(({ object }) => object));
  return [
    ...(await readdir(join(test.root, "changes"))).filter((name) => !announced.has(name)),
    ...(await readdir(join(test.root, "given"))).filter((name) => !told.has(name)),
  ];
}

/** First as the dead left it, then after somebody has written again and healed it. @returns how many took effect */
async function judge(size: number, heal: boolean): Promise<number> {
  const left = await test.open().verify();
  expect(left).toMatchObject({ ok: true, reason: null });
  expect(left.size).toBeGreaterThanOrEqual(size);
  expect(await unrecorded()).toEqual([]);
  if (!heal) return left.size;
  await test.open().append(event("healing"));
  const healed = await test.open().verify();
  expect(healed).toMatchObject({ ok: true, unsigned: 0, size: left.size + 1 });
  return healed.size;
}

/** Kills processes, some at once, on one log after the other. @returns how many changes and reads took effect */
async function killMany(
  kills: number,
  linesOf: (round: number) => readonly [changing: number, reading: number],
): Promise<number> {
  let effects = 0;
  // A process that ends by itself leaves the cache for those that will not.
  await once(start("warm", "1", "1", "1"), "exit");
  for (let round = 0, size = 0; round < kills / atOnce; round++) {
    const lines = linesOf(round).map(String);
    const dying = Array.from({ length: atOnce }, (_, at) =>
      killAfter(start(`r${round}-${at}`, ...lines), (round + at) % 4),
    );
    expect(await Promise.all(dying)).toEqual(Array.from({ length: atOnce }, () => "SIGKILL"));
    size = await judge(size, round % 5 === 4);
    if ((round + 1) % (killsOfALog / atOnce) !== 0) continue;
    for (const name of ["changes", "given"]) effects += (await readdir(join(test.root, name))).length;
    await test.dispose();
    test = await makeLog();
    size = 0;
  }
  return effects;
}

describe("processes that are killed while they append", () => {
  it("200 times: the log verifies, and there is no change without an entry", async () => {
    const readers = [0, 0, 0, 1];
    const effects = await killMany(200, (round) => [1 + (round % 3), readers[round % 4] ?? 0]);
    expect(effects).toBeGreaterThan(100);
  }, 300_000);

  it("80 times, while they only read: nothing was given out without an entry", async () => {
    const effects = await killMany(80, (round) => [0, 1 + (round % 3)]);
    expect(effects).toBeGreaterThan(80);
  }, 300_000);

  it("leave no lock, no half line and no owner files that stay", async () => {
    for (let round = 0; round < 3; round++) {
      expect(await killAfter(start(`r${round}`, "2", "2"), round)).toBe("SIGKILL");
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
    const writers = ["a", "b", "c"].map((name) => start(name, "3", "2", "20"));
    const codes = await Promise.all(
      writers.map(async (writer) => ((await once(writer, "exit")) as [number | null])[0]),
    );
    expect(codes).toEqual([0, 0, 0]);
    expect(await test.open().verify()).toMatchObject({
      ok: true,
      size: 3 * 3 * 20 * 2 + 3 * 2 * 20,
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
      ["-c", script, "bash", process.execPath, child, test.root, "full", "1", "1"],
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
