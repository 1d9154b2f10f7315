/* oxlint-disable max-lines-per-function -- a suite is one function of many tests */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { leafHash } from "../merkle/hash.ts";
import { positionOf } from "../merkle/position.ts";
import { consistencyProof } from "../merkle/proof.ts";
import { CompactRange } from "../merkle/range.ts";
import { openCheckpoint, signCheckpoint } from "../note/checkpoint.ts";
import { signerFrom, type Signer } from "../note/key.ts";
import type { Witness, WitnessUpdate } from "../witness/witness.ts";

/** What a witness is tested with. */
export interface WitnessUnderTest {
  /** The witness; called again, the same memory as another process would open it. */
  open(): Witness;
  dispose(): Promise<void>;
}

const signer = signerFrom("lotse/test/1", new Sensitive(Buffer.alloc(32, 1)));
const stranger = signerFrom("lotse/test/1", new Sensitive(Buffer.alloc(32, 2)));

/** What a log with these entries would tell. */
export function updateOf(
  entries: readonly string[],
  by: Signer = signer,
  origin = "lotse/test/1",
): WitnessUpdate {
  const range = new CompactRange();
  const stored: Buffer[] = [];
  for (const entry of entries) range.append(leafHash(entry), (hash) => stored.push(hash));
  const checkpoint = { origin, size: range.size, root: range.root() };
  const read = (positions: readonly number[]): Promise<Buffer[]> =>
    Promise.resolve(positions.map((position) => stored[position] as Buffer));
  return {
    note: signCheckpoint(checkpoint, by),
    checkpoint,
    key: by.key,
    proof: (oldSize) => consistencyProof(oldSize, range.size, read),
    leaves: (from, to) =>
      read(Array.from({ length: to - from }, (_, at) => positionOf({ level: 0, index: from + at }))),
  };
}

const entries = (count: number, name = "entry"): string[] =>
  Array.from({ length: count }, (_, at) => `${name} ${at}`);

/** What every witness does, wherever it remembers. */
export function describeWitness(name: string, make: () => Promise<WitnessUnderTest>): void {
  describe(`the witness: ${name}`, () => {
    let tested: WitnessUnderTest;
    let witness: Witness;
    beforeEach(async () => {
      tested = await make();
      witness = tested.open();
    });
    afterEach(async () => {
      await witness.close?.();
      await tested.dispose();
    });

    const remembered = async (of: Witness = witness): Promise<number | null> => {
      const note = await of.latest();
      return note === null ? null : openCheckpoint(note, [signer.key]).size;
    };

    it("remembers nothing at first", async () => {
      expect(await remembered()).toBeNull();
    });

    it("remembers what it accepted, for whoever asks", async () => {
      for (const size of [0, 1, 2, 5, 5, 64, 65]) {
        await witness.accept(updateOf(entries(size)));
        expect(await remembered()).toBe(size);
        expect(await remembered(tested.open())).toBe(size);
      }
      const sizes = ((await witness.history?.()) ?? []).map(
        (note) => openCheckpoint(note, [signer.key]).size,
      );
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    });

    it.each<[string, WitnessUpdate]>([
      ["a shorter log", updateOf(entries(4))],
      ["another log of the same length", updateOf(entries(5, "other"))],
      ["another log that is longer", updateOf([...entries(4), "other", ...entries(9)])],
      ["a log signed with another key", updateOf(entries(6), stranger)],
      ["a log of another origin", updateOf(entries(6), signer, "lotse/test/2")],
    ])("does not accept %s", async (_, update) => {
      await witness.accept(updateOf(entries(5)));
      const before = await witness.latest();
      for (const opened of [witness, tested.open()]) {
        await expect(opened.accept(update)).rejects.toMatchObject({ code: "audit.witness" });
        await opened.close?.();
      }
      expect(await witness.latest()).toBe(before);
      await witness.accept(updateOf(entries(7)));
      expect(await remembered()).toBe(7);
    });

    it("does not accept a proof that does not hold", async () => {
      await witness.accept(updateOf(entries(5)));
      const forged = { ...updateOf(entries(7)), proof: () => Promise.resolve([Buffer.alloc(32)]) };
      await expect(witness.accept(forged)).rejects.toMatchObject({ code: "audit.witness" });
      expect(await remembered()).toBe(5);
    });

    it("knows leaves as far as it says", async () => {
      await witness.accept(updateOf(entries(3)));
      await witness.accept(updateOf(entries(9)));
      if (witness.leaves === undefined) return;
      expect(await witness.leaves(1, 9)).toEqual(
        entries(9)
          .slice(1)
          .map((entry) => leafHash(entry)),
      );
    });
  });
}
