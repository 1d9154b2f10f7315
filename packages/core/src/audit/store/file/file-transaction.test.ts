import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AppendTarget } from "../../disk/durable.ts";
import { Batches, identity } from "../../testing/batches.ts";
import { FileAuditStore } from "./file-store.ts";

/** The files and directories that were waited for, in order. */
const waits = vi.hoisted((): string[] => []);
vi.mock(import("../../disk/durable.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    syncPath: async (path: string) => {
      waits.push(path);
      await real.syncPath(path);
    },
    appendDurably: async (target: AppendTarget, bytes: Uint8Array) => {
      if (target.sync) waits.push(target.path);
      await real.appendDurably(target, bytes);
    },
  };
});

let directory: string;
let store: FileAuditStore;
let batches: Batches;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lotse-waits-"));
  store = new FileAuditStore(join(directory, "log"), { snapshotEvery: 1_000_000 });
  batches = new Batches();
  await store.transact((transaction) => transaction.create(identity, "checkpoint of 0"));
  await store.transact((transaction) => transaction.commit(batches.make(1)));
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

const write = (count: number): Promise<void> => store.transact(async (t) => t.write?.(batches.make(count)));

/** What an act waits for. */
async function waitsOf(act: () => Promise<void>): Promise<string[]> {
  waits.length = 0;
  await act();
  return waits.map((path) => basename(path)).filter((name) => name.startsWith("0"));
}

describe("the disk is waited for", () => {
  const [first, second] = ["00000000.jsonl", "00000001.jsonl"];

  it("by a commit, with what was written before, and not by a write", async () => {
    expect(await waitsOf(() => write(3))).toEqual([]);
    expect(await waitsOf(() => store.transact((t) => t.commit(batches.make(1))))).toEqual([first]);
  });

  it("by a flush, and by a commit of nothing", async () => {
    await write(3);
    expect(await waitsOf(() => store.transact(async (t) => t.flush?.()))).toEqual([first]);
    await write(3);
    const nothing = { ...batches.make(0), checkpoint: "checkpoint of 7" };
    expect(await waitsOf(() => store.transact((t) => t.commit(nothing)))).toEqual([first]);
  });

  it("by a write that begins a file: for the one before it, then for the new one", async () => {
    expect(await waitsOf(() => write(1022))).toEqual([]);
    expect(await waitsOf(() => write(3))).toEqual([first, second]);
    expect(await waitsOf(() => write(3))).toEqual([]);
    expect(await waitsOf(() => store.transact(async (t) => t.flush?.()))).toEqual([second]);
  });

  it("by a write that begins a file where the one before is full", async () => {
    await write(1023);
    expect(await waitsOf(() => write(1))).toEqual([first, second]);
  });

  it("for entries before a snapshot that tells of them", async () => {
    await write(3);
    expect(await waitsOf(() => store.close())).toEqual([first]);
  });
});
