import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/index.ts";
import { Journal } from "./journal.ts";
import { sweepTemporaries, type TemporariesPorts } from "./temporaries.ts";

const minuteMs = 60_000;
const now = 1_800_000_000_000;
const living = 4242;

describe("temporary files that were left behind", () => {
  let directory: string;
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "lotse-left-"))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const ports: TemporariesPorts = {
    now: () => now,
    bootMs: () => now - 600 * minuteMs,
    isAlive: (pid) => Promise.resolve(pid === living),
  };
  const leave = (name: string, ageMs: number, until = now): void => {
    writeFileSync(join(directory, name), "ciphertext");
    const time = new Date(until - ageMs);
    utimesSync(join(directory, name), time, time);
  };

  it.each([
    ["goes with its dead process", 77, 2 * minuteMs, true],
    ["stays while it may just be written, whoever says that its process is dead", 77, minuteMs / 2, false],
    ["stays with its living process", living, 2 * minuteMs, false],
    ["goes when the machine was started since, and the number is another's", living, 601 * minuteMs, true],
    ["goes after a day", living, 1441 * minuteMs, true],
    ["stays where it is this process's own", process.pid, 1441 * minuteMs, false],
  ])("%s", async (_, pid, ageMs, goes) => {
    const name = `.tmp-${pid}-0123456789ab`;
    leave(name, ageMs);
    expect(await sweepTemporaries(directory, ports)).toEqual(goes ? [name] : []);
    expect(existsSync(join(directory, name))).toBe(!goes);
  });

  it("are nothing else, and nothing is no error", async () => {
    for (const name of [".tmp-77", ".tmp-77-0123456789ab.yml", "tmp-77-0123456789ab", "a.yml"])
      leave(name, 1e9);
    mkdirSync(join(directory, ".tmp-77-0123456789ab"));
    expect(await sweepTemporaries(directory, ports)).toEqual([]);
    expect(await sweepTemporaries(join(directory, "none"), ports)).toEqual([]);
  });

  it("go with the next write into their directory", async () => {
    const state = join(directory, "state");
    mkdirSync(state);
    const name = ".tmp-4194399-0123456789ab";
    for (const at of [name, join("state", name)]) leave(at, 2 * minuteMs, Date.now());
    const journal = new Journal(state, directory, systemClock);
    const file = { path: join(directory, "a.yml"), content: Buffer.from("a") };
    await journal.exclusively("test", () => journal.replace([file]));
    expect(readdirSync(directory).sort()).toEqual(["a.yml", "state"]);
    expect(readdirSync(state)).toEqual([]);
  });
});
