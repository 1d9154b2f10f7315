/* oxlint-disable max-lines-per-function -- a suite is one function of many tests */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dropLine } from "../entry/line.ts";
import type { AuditBatch, AuditStore } from "../store/store.ts";
import { alice, Batches, identity } from "./batches.ts";
import { collect } from "./fixtures.ts";

/** What a store is tested with. */
export interface StoreUnderTest {
  /** The store; called again, the same log as another process would open it. */
  open(): AuditStore;
  dispose(): Promise<void>;
}

/** What every store does, whatever it keeps the log in. */
export function describeAuditStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the audit store: ${name}`, () => {
    let tested: StoreUnderTest;
    let store: AuditStore;
    let batches: Batches;
    beforeEach(async () => {
      tested = await make();
      store = tested.open();
      batches = new Batches();
    });
    afterEach(() => tested.dispose());

    const create = (): Promise<void> => store.transact((t) => t.create(identity, "checkpoint of 0"));
    const commit = (batch: AuditBatch): Promise<void> => store.transact((t) => t.commit(batch));
    const lines = async (of: AuditStore, from = 0): Promise<string[]> =>
      (await collect(of.pages(from))).flatMap((page) => page.lines);

    it("is empty before the log is made", async () => {
      expect(await store.identity()).toBeNull();
      expect(await store.checkpoint()).toBeNull();
      expect(await lines(store)).toEqual([]);
      expect(await store.actors()).toEqual([]);
      expect(await store.line(0)).toBeNull();
      expect(await collect(store.pages(0, "backwards"))).toEqual([]);
    });

    it("keeps which log it is, and its first checkpoint", async () => {
      await create();
      for (const opened of [store, tested.open()]) {
        expect(await opened.identity()).toEqual(identity);
        expect(await opened.checkpoint()).toBe("checkpoint of 0");
      }
    });

    it("keeps batches as they are given, across openings and segments", async () => {
      await create();
      for (const count of [1, 2, 500, 700, 1500]) await commit(batches.make(count));
      for (const opened of [store, tested.open()]) {
        expect(await lines(opened)).toEqual(batches.lines);
        expect(await lines(opened, 1200)).toEqual(batches.lines.slice(1200));
        expect(await opened.line(1023)).toBe(batches.lines[1023]);
        expect(await opened.line(1024)).toBe(batches.lines[1024]);
        expect(await opened.line(2703)).toBeNull();
        expect(await opened.checkpoint()).toBe("checkpoint of 2703");
        expect(await opened.actors()).toEqual([alice]);
        const state = await opened.transact((t) =>
          Promise.resolve([t.size, t.lastTime, t.sequence(alice.commitment), t.sequence("other")]),
        );
        expect(state).toEqual([2703, new Date(2702 * 1000).toISOString(), 2703, 0]);
      }
    });

    it("reads backwards, pages from the last and lines in order", async () => {
      await create();
      await commit(batches.make(2600));
      for (const end of [2600, 1500, 1024, 1, Number.MAX_SAFE_INTEGER]) {
        const pages = await collect(store.pages(end, "backwards"));
        expect(pages.toReversed().flatMap((page) => page.lines)).toEqual(batches.lines.slice(0, end));
        for (const { from, lines: found } of pages) expect(found[0]).toBe(batches.lines[from]);
      }
    });

    it("has every stored hash, and empty ones for those it has not", async () => {
      await create();
      const all = [batches.make(3), batches.make(5)];
      for (const batch of all) await commit(batch);
      const hashes = all.flatMap((batch) => batch.hashes);
      expect(await store.hashes(hashes.map((_, at) => at))).toEqual(hashes);
      expect(await store.hashes([14, 99, 0])).toEqual([hashes[14], Buffer.alloc(0), hashes[0]]);
    });

    it("lets one writer in at a time", async () => {
      await create();
      const other = tested.open();
      let inside = 0;
      const write = (to: AuditStore): Promise<void> =>
        to.transact(async (t) => {
          expect(++inside).toBe(1);
          await new Promise((resolve) => setTimeout(resolve, 1));
          await t.commit(batches.make(1));
          inside -= 1;
        });
      await Promise.all(Array.from({ length: 20 }, (_, at) => write(at % 2 === 0 ? store : other)));
      expect(await lines(store)).toEqual(batches.lines);
      expect(batches.lines).toHaveLength(20);
    });

    it("lets the next writer in after one that failed", async () => {
      await create();
      await expect(store.transact(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
      await commit(batches.make(1));
      expect(await lines(store)).toEqual(batches.lines);
    });

    it("keeps what was written without a checkpoint, and a checkpoint that comes later", async () => {
      await create();
      await commit(batches.make(2));
      if (!(await store.transact((t) => Promise.resolve(t.write !== undefined)))) return;
      for (const count of [1, 1100, 3]) await store.transact(async (t) => t.write?.(batches.make(count)));
      for (const opened of [store, tested.open()]) {
        expect(await lines(opened)).toEqual(batches.lines);
        expect(await opened.checkpoint()).toBe("checkpoint of 2");
        expect(await opened.transact((t) => Promise.resolve([t.size, t.sequence(alice.commitment)]))).toEqual(
          [1106, 1106],
        );
      }
      const other = tested.open();
      await other.transact(async (t) => {
        await t.flush?.();
        await t.commit({ ...batches.make(0), checkpoint: "checkpoint of 1106" });
      });
      await commit(batches.make(1));
      for (const opened of [store, other, tested.open()]) {
        expect(await lines(opened)).toEqual(batches.lines);
        expect(await opened.checkpoint()).toBe("checkpoint of 1107");
      }
    });

    it("finds actors, and forgets them and their data", async () => {
      await create();
      await commit(batches.make(3, true));
      expect(await store.transact((t) => Promise.resolve(t.actor({ kind: "user", id: "alice" })))).toEqual(
        alice,
      );
      expect(await store.transact((t) => Promise.resolve(t.actor({ kind: "ci", id: "alice" })))).toBeNull();
      expect((await collect(store.pages(0)))[0]?.personal.map(({ value }) => value)).toHaveLength(3);
      const about = (who: string): Promise<unknown> => store.transact((t) => t.about(who));
      expect(await about("bob")).toEqual({ actors: [], values: 3 });
      expect(await about("alice")).toEqual({ actors: [alice.commitment], values: 0 });
      await store.transact((t) => t.erase("bob"));
      expect(await store.actors()).toEqual([alice]);
      await store.transact((t) => t.erase("alice"));
      for (const opened of [store, tested.open()]) {
        expect(await opened.actors()).toEqual([]);
        expect((await collect(opened.pages(0)))[0]?.personal).toEqual([]);
        expect(await lines(opened)).toEqual(batches.lines);
      }
      // The count goes on, whoever it was.
      expect(await store.transact((t) => Promise.resolve(t.sequence(alice.commitment)))).toBe(3);
    });

    it("drops content with the data that belongs to it, and goes on", async () => {
      await create();
      await commit(batches.make(1100, true));
      const other = tested.open();
      expect(await other.transact((t) => Promise.resolve(t.size))).toBe(1100);
      const dropped = new Map(
        [3, 4, 1050].map((index) => {
          const line = batches.lines[index] as string;
          return [index, dropLine(line, JSON.parse(line) as Parameters<typeof dropLine>[1])];
        }),
      );
      await store.transact((t) => t.drop(dropped));
      const expected = batches.lines.map((line, index) => dropped.get(index) ?? line);
      expect(await lines(other)).toEqual(expected);
      const about = await store.transact((t) => t.about("bob"));
      expect(about.values).toBe(1097);
      const batch = batches.make(2);
      await other.transact((t) => t.commit(batch));
      expect(await lines(tested.open())).toEqual([...expected, ...batches.lines.slice(-2)]);
      expect(await store.transact((t) => Promise.resolve(t.sequence(alice.commitment)))).toBe(1102);
    });
  });
}
