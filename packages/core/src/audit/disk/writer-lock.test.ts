import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WriterLock } from "./writer-lock.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lotse-writer-lock-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function file(name: string, content: string, ageMs: number): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  const at = new Date(Date.now() - ageMs);
  await utimes(path, at, at);
  return name;
}

describe("what a writer that died leaves", () => {
  it("is removed by the next: files of dead owners, and those that stayed empty; nothing else is", async () => {
    const dead = randomUUID();
    const owner = { token: dead, host: hostname(), process: { pid: 2 ** 30, started: "1" } };
    await file(`lock.${dead}`, JSON.stringify(owner), 0);
    await file(`lock.${randomUUID()}`, "", 61_000);
    const kept = [
      await file(`lock.${randomUUID()}`, "", 0),
      await file("lock.notes", "", 61_000),
      await file("other", "", 61_000),
    ];
    const lock = new WriterLock(join(directory, "lock"), 1000);
    const release = await lock.acquire();
    await release();
    await lock.close();
    expect((await readdir(directory)).sort()).toEqual(kept.sort());
  });
});
