import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "./index.ts";
import { isHeld, lockWithin, tryLock, type HeldLock, type LockOwner } from "./lock.ts";

describe("tryLock", () => {
  let directory: string;
  let count = 0;
  const newPath = (): string => join(directory, `${(count += 1)}`, "x.lock");
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "lotse-lock-"));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const ask = (path: string, holder: string, isAlive?: (owner: LockOwner) => Promise<boolean>) =>
    tryLock({ path, holder, clock: systemClock, ...(isAlive === undefined ? {} : { isAlive }) });

  it("is held by one and can be had again after", async () => {
    const path = newPath();
    const first = (await ask(path, "first")) as HeldLock;
    const second = await ask(path, "second");
    expect(isHeld(second)).toBe(false);
    expect(second).toMatchObject({ holder: "first", process: { pid: process.pid } });
    await first.release();
    await first.release();
    expect(isHeld(await ask(path, "third"))).toBe(true);
  });

  it("does not give back what another took over", async () => {
    const path = newPath();
    const first = (await ask(path, "first")) as HeldLock;
    const second = (await ask(path, "second", () => Promise.resolve(false))) as HeldLock;
    expect(isHeld(second)).toBe(true);
    await first.release();
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ token: second.owner.token });
  });

  it("is taken over from a dead process, also where its number was given anew", async () => {
    const path = newPath();
    const held = (await ask(path, "first")) as HeldLock;
    const forged = { ...held.owner, process: { pid: process.pid, started: "another-boot:1" } };
    await writeFile(path, JSON.stringify(forged));
    expect(isHeld(await ask(path, "second"))).toBe(true);
  });

  it("is never taken over from another host", async () => {
    const path = newPath();
    const held = (await ask(path, "first")) as HeldLock;
    await writeFile(
      path,
      JSON.stringify({ ...held.owner, host: "elsewhere", process: { pid: 1, started: "x" } }),
    );
    expect(await ask(path, "second")).toMatchObject({ host: "elsewhere" });
  });

  it("has one winner when many find a dead owner, and leaves nothing behind", async () => {
    for (let round = 0; round < 10; round += 1) {
      const path = newPath();
      const dead = (await ask(path, "dead")) as HeldLock;
      const isAlive = (owner: LockOwner): Promise<boolean> =>
        Promise.resolve(owner.token !== dead.owner.token);
      const results = await Promise.all(Array.from({ length: 12 }, (_, i) => ask(path, `w${i}`, isAlive)));
      const winners = results.filter((result) => isHeld(result));
      expect(winners).toHaveLength(1);
      expect(await readdir(join(path, ".."))).toEqual(["x.lock"]);
      await winners[0]?.release();
      expect(await readdir(join(path, ".."))).toEqual([]);
    }
  });

  it("waits for a bounded time", async () => {
    const path = newPath();
    const first = (await ask(path, "first")) as HeldLock;
    const request = { path, holder: "second", clock: systemClock };
    await expect(lockWithin(request, 0)).rejects.toMatchObject({ code: "rollout.locked" });
    const waiting = lockWithin(request, 20_000);
    await first.release();
    expect(isHeld(await waiting)).toBe(true);
  });

  it("says that a lock is damaged", async () => {
    const path = newPath();
    await ask(path, "first");
    await writeFile(path, "{");
    await expect(ask(path, "second")).rejects.toMatchObject({ code: "rollout.state" });
  });
});
