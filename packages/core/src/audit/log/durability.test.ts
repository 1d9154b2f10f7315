import { cp, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import type { AppendOptions } from "../../kernel/index.ts";
import { readCheckpoint } from "../note/checkpoint.ts";
import { FileAuditStore } from "../store/file/file-store.ts";
import type { AuditStore, AuditTransaction } from "../store/store.ts";
import { collect, event, TestLog } from "../testing/fixtures.ts";
import { Owner } from "../testing/owner.ts";
import { fileWitness } from "../witness/file-witness.ts";
import type { Witness } from "../witness/witness.ts";
import { openAuditLog, type AuditLog } from "./audit-log.ts";

const read: AppendOptions = { durability: "process" };
/** So long that a test ends before. */
const never = { groupCommitMs: 1_000_000 };

let test: TestLog;
beforeEach(async () => {
  test = await TestLog.make();
});
afterEach(() => test.dispose());

async function objectsIn(log: AuditLog): Promise<string[]> {
  return (await collect(log.list({ first: "oldest" }))).map(({ object }) => object ?? "");
}

async function readAll(log: AuditLog, objects: readonly string[]): Promise<void> {
  for (const object of objects) await log.append(event(object), read);
}

describe("entries of the durability process", () => {
  it("are there for everybody at once, and signed when they are flushed", async () => {
    const log = test.open(never);
    await log.append(event("first"));
    expect(await log.append(event("a"), read)).toEqual({ index: 1, sequence: 2 });
    expect(await log.append(event("b"), read)).toEqual({ index: 2, sequence: 3 });
    const other = test.open();
    expect(await objectsIn(other)).toEqual(["first", "a", "b"]);
    expect(await other.verify()).toMatchObject({
      ok: true,
      size: 3,
      unsigned: 2,
      witnesses: [{ status: "agrees", size: 1 }],
    });
    await log.flush();
    expect(await other.verify()).toMatchObject({ ok: true, unsigned: 0, witnesses: [{ size: 3 }] });
  });

  it.each<[string, (log: AuditLog) => Promise<unknown>]>([
    ["a change", (log) => log.append(event("change"))],
    ["closing", (log) => log.close()],
    ["verifying", (log) => log.verify()],
    ["proving", (log) => log.prove(2)],
    ["anchoring", (log) => log.anchor()],
    ["exporting", (log) => collect(log.export())],
    ["the checkpoint", (log) => log.checkpoint()],
    ["erasing", (log) => log.erase("alice@example.com", { actor: event("").actor, request: "r" })],
    ["another process that changes something", () => test.open().append(event("change"))],
  ])("are flushed by %s", async (_, act) => {
    const log = test.open(never);
    await log.append(event("first"));
    await readAll(log, ["a", "b"]);
    await act(log);
    const report = await test.open().verify();
    expect(report).toMatchObject({ ok: true, unsigned: 0 });
    expect(report.witnesses).toMatchObject([{ status: "agrees", size: report.size }]);
  });

  it("are flushed by themselves after a while", async () => {
    const log = test.open({ groupCommitMs: 20 });
    await log.append(event("first"));
    await readAll(log, ["a", "b"]);
    const other = test.open();
    while ((await other.verify()).unsigned > 0) await wait(5);
    expect(await other.verify()).toMatchObject({ ok: true, size: 3 });
  });

  it("are flushed though nothing leaves room for timers", async () => {
    const log = test.open({ groupCommitMs: 1 });
    await log.append(event("first"));
    await readAll(
      log,
      Array.from({ length: 200 }, (_, at) => `r-${at}`),
    );
    expect((await test.open().checkpoint())?.size).toBeGreaterThan(1);
  });

  it("of an actor or with data that the log does not know yet go to the disk", async () => {
    const log = test.open(never);
    await log.append(event("first"), read);
    expect(await test.open().verify()).toMatchObject({ size: 1, unsigned: 0 });
    await log.append(event("more", { personal: { subject: "carol", values: { address: "::1" } } }), read);
    expect(await test.open().verify()).toMatchObject({ ok: true, size: 2, unsigned: 0 });
  });

  it("of several processes and files of entries stand in one order", async () => {
    const logs = [test.open(never), test.open(never), test.open()];
    for (let at = 0; at < 2100; at++) {
      await logs[at % 3]?.append(event(`o-${at}`), at % 700 === 0 ? {} : read);
    }
    const fresh = test.open();
    expect(await objectsIn(fresh)).toEqual(Array.from({ length: 2100 }, (_, at) => `o-${at}`));
    expect(await fresh.verify()).toMatchObject({ ok: true, size: 2100 });
    for (const log of logs) await log.close();
    expect(await fresh.verify()).toMatchObject({ ok: true, unsigned: 0, witnesses: [{ size: 2100 }] });
  });

  it("are refused once a flush has failed, until one works", async () => {
    const log = test.open({ groupCommitMs: 1_000_000 });
    await log.append(event("first"));
    await log.append(event("a"), read);
    const checkpoint = join(test.witnessDirectory, "checkpoint");
    const note = await readFile(checkpoint, "utf8");
    await writeFile(checkpoint, note.replace(/\n1\n/u, "\n9\n"));
    const unavailable = { code: "audit.unavailable" };
    await expect(log.flush()).rejects.toMatchObject(unavailable);
    await expect(log.append(event("b"), read)).rejects.toMatchObject(unavailable);
    await expect(log.flush()).rejects.toMatchObject(unavailable);
    await writeFile(checkpoint, note);
    await log.append(event("c"), read);
    expect(await test.open().verify()).toMatchObject({ ok: true, unsigned: 0 });
    // What was refused may be there: nothing was given out for it.
    expect(await objectsIn(test.open())).toEqual(expect.arrayContaining(["first", "a", "c"]));
  });

  it("that somebody changes before they are signed are found, as long as their process lives", async () => {
    const log = test.open(never);
    await log.append(event("first"));
    await readAll(log, ["aaaa", "bbbb"]);
    // With the hashes that follow from it, as somebody would who knows how the log works.
    const path = join(test.directory, "entries/00000000.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replace("aaaa", "xxxx"));
    await new Owner(test.directory).makeHashes();
    await expect(log.flush()).rejects.toMatchObject({ code: "audit.unavailable" });
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 1 });
  });

  it("that somebody changes are found also when somebody else appends in between", async () => {
    const log = test.open(never);
    await log.append(event("first"));
    await readAll(log, ["aaaa", "bbbb"]);
    const path = join(test.directory, "entries/00000000.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replace("aaaa", "xxxx"));
    await new Owner(test.directory).makeHashes();
    await test.open({ ...never, witnesses: [] }).append(event("more"), read);
    await expect(log.flush()).rejects.toMatchObject({ code: "audit.unavailable" });
    await expect(log.append(event("c"), read)).rejects.toMatchObject({ code: "audit.unavailable" });
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 1 });
  });

  it("that somebody takes away before they are signed stop their process", async () => {
    const log = test.open(never);
    await log.append(event("first"));
    const { size } = await stat(join(test.directory, "entries/00000000.jsonl"));
    await readAll(log, ["a", "b"]);
    await truncate(join(test.directory, "entries/00000000.jsonl"), size);
    await expect(log.append(event("c"), read)).rejects.toMatchObject({ code: "audit.unavailable" });
  });
});

describe("a power cut", () => {
  /** What the disk may have of a file of which all after an offset was not waited for. */
  const losses: readonly [string, (tail: Buffer, at: number) => Buffer][] = [
    ["is cut off", (tail, at) => tail.subarray(0, at)],
    ["is zeros", (tail, at) => Buffer.concat([tail.subarray(0, at), Buffer.alloc(tail.length - at)])],
    [
      "has a hole of zeros",
      (tail, at) =>
        Buffer.concat([
          tail.subarray(0, at),
          Buffer.alloc(Math.min(64, tail.length - at)),
          tail.subarray(at + 64),
        ]),
    ],
  ];

  it.each(losses)("after which what was not waited for %s: the log goes on", async (_, lose) => {
    const log = test.open(never);
    for (const object of ["first", "second"]) await log.append(event(object));
    const path = join(test.directory, "entries/00000000.jsonl");
    const { size: safe } = await stat(path);
    await readAll(log, ["a", "b", "c"]);
    const content = await readFile(path);
    for (let at = 0; at < content.length - safe; at += 37) {
      const root = join(test.root, `cut-${at}`);
      await cp(test.directory, join(root, "log"), { recursive: true });
      await cp(test.witnessDirectory, join(root, "elsewhere"), { recursive: true });
      await writeFile(
        join(root, "log/entries/00000000.jsonl"),
        Buffer.concat([content.subarray(0, safe), lose(content.subarray(safe), at)]),
      );
      const after = openAuditLog({
        directory: join(root, "log"),
        name: "test",
        clock: test.clock,
        witnesses: [fileWitness({ directory: join(root, "elsewhere"), memory: test.witnessDirectory })],
        ...never,
      });
      // Looking changes nothing, and finds nothing wrong.
      expect(await after.verify()).toMatchObject({ ok: true, reason: null });
      const { index } = await after.append(event("next"), at % 2 === 0 ? read : {});
      expect(index).toBeGreaterThanOrEqual(2);
      expect((await objectsIn(after)).slice(0, 2)).toEqual(["first", "second"]);
      await after.close();
      expect(await after.verify()).toMatchObject({ ok: true, size: index + 1, unsigned: 0 });
    }
  });

  it("that takes signed entries is told", async () => {
    const log = test.open(never);
    for (const object of ["first", "second", "third"]) await log.append(event(object));
    const path = join(test.directory, "entries/00000000.jsonl");
    const content = await readFile(path);
    await writeFile(path, Buffer.concat([content.subarray(0, -100), Buffer.alloc(100)]));
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 2, fault: "truncated" });
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });
});

/** Notes how many entries are on the disk, and complains of whoever is told of more. */
class Disk {
  entries = 0;
  written = 0;

  store(directory: string): AuditStore {
    const store = new FileAuditStore(directory);
    const transact = store.transact.bind(store);
    store.transact = (act) => transact((transaction) => act(this.#watched(transaction)));
    return store;
  }

  witness(directory: string): Witness {
    const witness = fileWitness({ directory });
    const accept = witness.accept.bind(witness);
    witness.accept = async (update) => {
      expect(update.checkpoint.size).toBeLessThanOrEqual(this.entries);
      await accept(update);
    };
    return witness;
  }

  #watched(transaction: AuditTransaction): AuditTransaction {
    const commit = transaction.commit.bind(transaction);
    const write = transaction.write?.bind(transaction);
    const flush = transaction.flush?.bind(transaction);
    this.written = transaction.size;
    const all = (): void => {
      this.entries = this.written;
    };
    transaction.commit = async (batch) => {
      this.written += batch.entries.length;
      await commit(batch);
      all();
      expect(readCheckpoint(batch.checkpoint).size).toBe(this.entries);
    };
    transaction.write = async (batch) => {
      this.written += batch.entries.length;
      await write?.(batch);
    };
    transaction.flush = async () => {
      await flush?.();
      all();
    };
    return transaction;
  }
}

describe("checkpoint and witnesses", () => {
  it("never know of an entry that is not on the disk, whoever appends what and dies when", async () => {
    const step = fc.record({
      process: fc.nat({ max: 2 }),
      act: fc.constantFrom("read", "read", "change", "flush", "die"),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const root = join(test.root, `run-${run++}`);
        const disk = new Disk();
        const open = (): AuditLog =>
          test.open({
            ...never,
            directory: join(root, "log"),
            store: disk.store(join(root, "log")),
            witnesses: [disk.witness(join(root, "elsewhere"))],
          });
        const logs = [open(), open(), open()];
        for (const { process, act } of steps) {
          const log = logs[process] as AuditLog;
          if (act === "die") logs[process] = open();
          else if (act === "flush") await log.flush();
          else await log.append(event("o"), act === "read" ? read : {});
        }
        const last = open();
        await last.append(event("last"), read);
        await last.flush();
        expect(await last.verify()).toMatchObject({ ok: true, unsigned: 0 });
      }),
      { numRuns: 40 },
    );
  });
});
