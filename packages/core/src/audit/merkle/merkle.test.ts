import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConsistency, checkInclusion, type ConsistencyClaim, type InclusionClaim } from "./check.ts";
import { emptyRoot, leafHash, nodeHash } from "./hash.ts";
import { positionOf, storedHashes, subtreesOf } from "./position.ts";
import { consistencyProof, inclusionProof } from "./proof.ts";
import { CompactRange, readRange, type ReadHashes } from "./range.ts";

// The reference tree of RFC 6962 with its roots and proofs, as in the test data of
// https://github.com/transparency-dev/merkle (proof/verify_test.go, Apache-2.0).
const leaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const n = {
  leaf1: "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
  leaf4: "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
  leaf6: "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
  two: "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
  four: "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  fourFive: "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
  sixSeven: "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
};
const inclusions: [index: number, size: number, proof: string[]][] = [
  [0, 1, []],
  [0, 8, [n.leaf1, n.two, n.four]],
  [5, 8, [n.leaf4, n.sixSeven, roots[4] as string]],
  [2, 3, [roots[2] as string]],
  [1, 5, [roots[1] as string, n.two, n.leaf4]],
];
const consistencies: [oldSize: number, newSize: number, proof: string[]][] = [
  [1, 1, []],
  [1, 8, [n.leaf1, n.two, n.four]],
  [6, 8, [n.fourFive, n.sixSeven, roots[4] as string]],
  [2, 5, [n.two, n.leaf4]],
  [6, 7, [n.fourFive, n.leaf6, roots[4] as string]],
];

function root(size: number): Buffer {
  return Buffer.from(roots[size] as string, "hex");
}

/** A tree that stores its hashes in an array. */
function grow(contents: readonly Uint8Array[]): { range: CompactRange; stored: Buffer[]; read: ReadHashes } {
  const range = new CompactRange();
  const stored: Buffer[] = [];
  for (const content of contents) range.append(leafHash(content), (hash) => stored.push(hash));
  const read: ReadHashes = (positions) =>
    Promise.resolve(positions.map((position) => stored[position] as Buffer));
  return { range, stored, read };
}

/** The definition of RFC 6962, section 2.1, word by word. */
function treeHash(contents: readonly Uint8Array[]): Buffer {
  if (contents.length === 0) return emptyRoot();
  if (contents.length === 1) return leafHash(contents[0] as Uint8Array);
  let k = 1;
  while (k * 2 < contents.length) k *= 2;
  return nodeHash(treeHash(contents.slice(0, k)), treeHash(contents.slice(k)));
}

describe("the published tree", () => {
  it.each(roots.map((hex, size) => [size, hex]))("of %i leaves has its root", (size, hex) => {
    expect(grow(leaves.slice(0, size)).range.root().toString("hex")).toBe(hex);
  });

  it.each(inclusions)("proves leaf %i of %i as published", async (index, size, proof) => {
    const made = await inclusionProof(index, size, grow(leaves).read);
    expect(made.map((hash) => hash.toString("hex"))).toEqual(proof);
    const claim = { index, size, leaf: leafHash(leaves[index] as Buffer), root: root(size), proof: made };
    expect(checkInclusion(claim)).toBe(true);
    for (const wrong of corruptInclusions(claim)) expect(checkInclusion(wrong)).toBe(false);
  });

  it.each(consistencies)("proves that %i begins %i as published", async (oldSize, newSize, proof) => {
    const made = await consistencyProof(oldSize, newSize, grow(leaves).read);
    expect(made.map((hash) => hash.toString("hex"))).toEqual(proof);
    const claim = { oldSize, newSize, oldRoot: root(oldSize), newRoot: root(newSize), proof: made };
    expect(checkConsistency(claim)).toBe(true);
    for (const wrong of corruptConsistencies(claim)) expect(checkConsistency(wrong)).toBe(false);
  });

  it.each<[string, Partial<ConsistencyClaim>, boolean]>([
    ["two empty trees", { oldSize: 0, newSize: 0, oldRoot: root(0), newRoot: root(0) }, true],
    ["an empty tree and any other", { oldSize: 0, newSize: 1, oldRoot: root(0), newRoot: root(1) }, true],
    ["a tree that shrinks", { oldSize: 2, newSize: 1 }, false],
    ["one size, two roots", { oldSize: 1, newSize: 1, oldRoot: root(0) }, false],
    ["no proof", { oldSize: 1, newSize: 2, oldRoot: root(1), newRoot: root(2) }, false],
    ["a proof where none is due", { oldSize: 1, newSize: 1, proof: [root(0)] }, false],
    ["a proof of the empty tree", { oldSize: 0, newSize: 1, proof: [root(0)] }, false],
  ])("consistency of %s", (_, claim, expected) => {
    const base = { oldSize: 1, newSize: 1, oldRoot: root(1), newRoot: root(1), proof: [] };
    expect(checkConsistency({ ...base, ...claim })).toBe(expected);
  });
});

function corruptInclusions(claim: InclusionClaim): InclusionClaim[] {
  const { index, size, proof } = claim;
  return [
    { ...claim, index: index - 1 },
    { ...claim, index: index + 1 },
    { ...claim, index: index ^ 2 },
    { ...claim, size: size * 2 },
    { ...claim, size: Math.floor(size / 2) },
    { ...claim, leaf: Buffer.from("wrong") },
    { ...claim, root: emptyRoot() },
    { ...claim, proof: [...proof, Buffer.alloc(0)] },
    { ...claim, proof: [...proof, claim.root] },
    { ...claim, proof: [claim.root, ...proof] },
    ...proof.map((_, at) => ({ ...claim, proof: flip(proof, at) })),
    ...(proof.length > 0 ? [{ ...claim, proof: proof.slice(0, -1) }] : []),
  ];
}

function corruptConsistencies(claim: ConsistencyClaim): ConsistencyClaim[] {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (proof.length === 0) return [{ ...claim, oldRoot: emptyRoot() }];
  return [
    { ...claim, oldSize: oldSize - 1 },
    { ...claim, oldSize: oldSize + 1 },
    { ...claim, oldSize: oldSize ^ 2 },
    { ...claim, newSize: newSize * 2 },
    { ...claim, newSize: Math.floor(newSize / 2) },
    { ...claim, oldRoot: Buffer.from("wrong") },
    { ...claim, newRoot: Buffer.from("wrong") },
    { ...claim, oldRoot: newRoot, newRoot: oldRoot },
    { ...claim, proof: [] },
    ...[Buffer.alloc(0), oldRoot, newRoot].flatMap((more) => [
      { ...claim, proof: [...proof, more] },
      { ...claim, proof: [more, ...proof] },
    ]),
    { ...claim, proof: [proof[0] as Buffer, ...proof] },
    { ...claim, proof: proof.slice(0, -1) },
    ...proof.map((_, at) => ({ ...claim, proof: flip(proof, at) })),
  ].filter((wrong) => wrong.oldSize > 0);
}

function flip(proof: readonly Uint8Array[], at: number): Uint8Array[] {
  const wrong = proof.map((hash) => Buffer.from(hash));
  (wrong[at] as Buffer)[0] = ((wrong[at] as Buffer)[0] as number) ^ 8;
  return wrong;
}

describe("trees of any size", () => {
  const contents = fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 });

  it("have the root of the definition, at every size on the way", async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (all) => {
        const { range, stored, read } = grow(all);
        expect(range.root()).toEqual(treeHash(all));
        expect(stored).toHaveLength(storedHashes(all.length));
        for (let size = 0; size <= all.length; size += 7) {
          expect((await readRange(size, read)).root()).toEqual(treeHash(all.slice(0, size)));
        }
      }),
    );
  });

  it("store every complete subtree at its position", () => {
    const all = Array.from({ length: 40 }, (_, at) => Buffer.from([at]));
    const { stored } = grow(all);
    for (let level = 0; level < 6; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= all.length; index++) {
        const part = all.slice(index * 2 ** level, (index + 1) * 2 ** level);
        expect(stored[positionOf({ level, index })]).toEqual(treeHash(part));
      }
    }
    expect(subtreesOf(0, 7)).toEqual([
      { level: 2, index: 0 },
      { level: 1, index: 2 },
      { level: 0, index: 6 },
    ]);
  });

  it("prove every leaf, and no other content in its place", async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.uint8Array(), async (all, pick, other) => {
        fc.pre(all.length > 0);
        const index = pick % all.length;
        const [size, leaf] = [all.length, leafHash(all[index] as Uint8Array)];
        const { range, read } = grow(all);
        const proof = await inclusionProof(index, size, read);
        const claim = { index, size, leaf, root: range.root(), proof };
        expect(checkInclusion(claim)).toBe(true);
        expect(checkInclusion({ ...claim, leaf: leafHash(other) })).toBe(leafHash(other).equals(leaf));
      }),
    );
  });

  it("prove every beginning, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.nat(), async (all, a, b) => {
        fc.pre(all.length > 0);
        const [oldSize, newSize] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        const proof = await consistencyProof(oldSize, newSize, grow(all).read);
        const [oldRoot, newRoot] = [treeHash(all.slice(0, oldSize)), treeHash(all.slice(0, newSize))];
        const claim = { oldSize, newSize, oldRoot, newRoot, proof };
        expect(checkConsistency(claim)).toBe(true);
        if (oldSize > 0) expect(checkConsistency({ ...claim, oldRoot: leafHash("other") })).toBe(false);
      }),
    );
  });
});
