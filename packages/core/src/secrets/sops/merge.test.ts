import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  changeSops,
  decryptSops,
  diffSops,
  encryptSops,
  mergeSops,
  openSops,
  rotateDataKey,
  updateKeys,
} from "./index.ts";
import type { MergeResult, SopsChange, SopsDocument, SopsPath } from "./index.ts";
import { makeAgeKey, seededTools, type TestKey } from "./testing/keys.ts";

let key: TestKey;
let other: TestKey;
let third: TestKey;
const tools = seededTools(5);

beforeAll(async () => {
  [key, other, third] = await Promise.all([makeAgeKey(), makeAgeKey(), makeAgeKey()]);
});

const encrypt = (text: string, recipients = [key.recipient]): Promise<Buffer> =>
  encryptSops({ bytes: Buffer.from(text), format: "yaml", file: "f", recipients: { recipients }, ...tools });
const open = (bytes: Uint8Array): Promise<SopsDocument> =>
  openSops({ bytes, format: "yaml", file: "f", identities: [key.opener] });
const plain = async (bytes: Uint8Array): Promise<string> => decryptSops(await open(bytes)).toString();
const set = (path: SopsPath, value: string | number): SopsChange => ({ path, value });
const drop = (path: SopsPath): SopsChange => ({ path, delete: true });
const merge = (base: Uint8Array | undefined, ours: Uint8Array, theirs: Uint8Array): Promise<MergeResult> =>
  mergeSops({ base, ours, theirs, format: "yaml", file: "f", identities: [key.opener] }, tools);

const text = "a: 1\nb: 2\nm:\n    c: 3\n    d: 4\nl:\n    - x\n    - w\n";

/** Changes of ours, changes of theirs, the plain result, the conflicts. */
const cases: [string, SopsChange[], SopsChange[], string, string[]][] = [
  ["nothing", [], [], text, []],
  ["ours", [set(["a"], 9)], [], text.replace("a: 1", "a: 9"), []],
  ["theirs", [], [set(["m", "c"], 9)], text.replace("c: 3", "c: 9"), []],
  [
    "both at different places",
    [set(["a"], 9)],
    [set(["b"], 8)],
    text.replace("a: 1\nb: 2", "a: 9\nb: 8"),
    [],
  ],
  ["both alike", [set(["a"], 9)], [set(["a"], 9)], text.replace("a: 1", "a: 9"), []],
  ["both differently", [set(["a"], 9)], [set(["a"], 8)], text.replace("a: 1", "a: 9"), ["a"]],
  ["another type", [set(["a"], 9)], [{ path: ["a"], value: "9" }], text.replace("a: 1", "a: 9"), ["a"]],
  ["an addition", [], [set(["m", "e"], 5)], text.replace("d: 4", "d: 4\n    e: 5"), []],
  [
    "additions of both",
    [set(["m", "f"], 6)],
    [set(["m", "e"], 5)],
    text.replace("d: 4", "d: 4\n    f: 6\n    e: 5"),
    [],
  ],
  ["a removal", [], [drop(["m", "c"])], text.replace("    c: 3\n", ""), []],
  ["a removal by both", [drop(["a"])], [drop(["a"])], text.replace("a: 1\n", ""), []],
  ["a removal against a change", [set(["a"], 9)], [drop(["a"])], text.replace("a: 1", "a: 9"), ["a"]],
  ["a change against a removal", [drop(["a"])], [set(["a"], 9)], text.replace("a: 1\n", ""), ["a"]],
  [
    "a longer list",
    [],
    [set(["l", 2], "z")],
    text.replace("l:\n    - x\n    - w\n", "l:\n    - x\n    - w\n    - z\n"),
    [],
  ],
  ["two changes of a list", [set(["l", 0], "p")], [set(["l", 1], "q")], text.replace("- x", "- p"), ["l"]],
  ["a value where ours has a map", [set(["k", "o"], 1)], [set(["k"], 2)], `${text}k:\n    o: 1\n`, ["k"]],
];

describe("merging", () => {
  it.each(cases)("takes %s", async (_what, mine, yours, expected, conflicts) => {
    const base = await encrypt(text);
    const document = await open(base);
    const ours = changeSops(document, mine, tools);
    const result = await merge(base, ours, changeSops(document, yours, tools));
    expect(result.conflicts).toEqual(conflicts);
    expect(await plain(result.bytes)).toBe(expected);
  });

  it("keeps the bytes of ours where theirs changed nothing, and of untouched values where it did", async () => {
    const base = await encrypt(text);
    const document = await open(base);
    const ours = changeSops(document, [set(["a"], 9)], tools);
    expect((await merge(base, ours, base)).bytes.toString()).toBe(ours.toString());
    const result = await merge(base, ours, changeSops(document, [set(["b"], 8)], tools));
    const sealed = (bytes: Buffer): string[] =>
      bytes.toString().match(/ENC\[[^\]]*type:(?!str)[^\]]*\]/gu) ?? [];
    expect(sealed(result.bytes).filter((value) => sealed(ours).includes(value))).toHaveLength(3);
  });

  it("gives the same values whichever side is ours, where nothing conflicts", async () => {
    const base = await encrypt("a: 1\nb: 2\nc: 3\nd: 4\n");
    const document = await open(base);
    const change = fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.option(fc.nat(9)));
    const changesOf = (list: [string, number | null][]): SopsChange[] => {
      const last = new Map(list.map(([name, value]) => [name, value]));
      return [...last]
        .filter(([name, value]) => name !== "e" || value !== null)
        .map(([name, value]) => (value === null ? drop([name]) : set([name], value)));
    };
    const property = fc.asyncProperty(fc.array(change), fc.array(change), async (mine, yours) => {
      const left = changeSops(document, changesOf(mine), tools);
      const right = changeSops(document, changesOf(yours), tools);
      const one = await merge(base, left, right);
      const two = await merge(base, right, left);
      expect(one.conflicts.toSorted()).toEqual(two.conflicts.toSorted());
      if (one.conflicts.length > 0) return;
      const sorted = (document: SopsDocument): string[] =>
        document.leaves.map((leaf) => `${leaf.path.join(".")}=${String(leaf.value.reveal())}`).toSorted();
      expect(sorted(await open(one.bytes))).toEqual(sorted(await open(two.bytes)));
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it("has no base where both sides added the file", async () => {
    const result = await merge(undefined, await encrypt("a: 1\nb: 2\n"), await encrypt("a: 1\nc: 3\n"));
    expect(result.conflicts).toEqual([]);
    expect(await plain(result.bytes)).toBe("a: 1\nb: 2\nc: 3\n");
  });

  it("takes the recipients of both sides, and tells when somebody removed still knows the key", async () => {
    const base = await encrypt("a: 1\n", [key.recipient, other.recipient]);
    const document = await open(base);
    const ours = await updateKeys(document, { recipients: { recipients: [key.recipient] } }, tools);
    const theirs = await updateKeys(
      document,
      { recipients: { recipients: [key.recipient, other.recipient, third.recipient] } },
      tools,
    );
    const result = await merge(base, ours, theirs);
    expect(result).toMatchObject({
      conflicts: [],
      removedRecipients: [other.recipient],
      needsRotation: true,
    });
    const merged = await openSops({
      bytes: result.bytes,
      format: "yaml",
      file: "f",
      identities: [third.opener],
    });
    expect(merged.metadata.groups[0]?.entries.map((entry) => entry.id)).toEqual([
      key.recipient,
      third.recipient,
    ]);
    const rotated = await rotateDataKey(document, { recipients: { recipients: [key.recipient] } }, tools);
    expect(await merge(base, rotated, base)).toMatchObject({
      needsRotation: false,
      removedRecipients: [other.recipient],
    });
  });

  it("refuses a side that was tampered with", async () => {
    const base = await encrypt(text);
    const bad = Buffer.from(base.toString().replace(/^a: .*\n/mu, ""));
    await expect(merge(base, base, bad)).rejects.toMatchObject({
      code: "secret.mac",
      where: { file: "f (theirs)" },
    });
  });
});

describe("comparing", () => {
  it("names what was added, removed, changed and encrypted anew", async () => {
    const before = await encrypt(text);
    const document = await open(before);
    const changed = changeSops(document, [set(["a"], 9), drop(["b"]), set(["z"], 1)], tools);
    const diff = (after: Uint8Array, identities = [key.opener]): ReturnType<typeof diffSops> =>
      diffSops({ before, after, format: "yaml", file: "f", identities });
    expect(await diff(changed)).toEqual({
      differences: [
        { path: ["a"], document: 0, kind: "changed" },
        { path: ["z"], document: 0, kind: "added" },
        { path: ["b"], document: 0, kind: "removed" },
      ],
      addedRecipients: [],
      removedRecipients: [],
      byValue: true,
    });
    const recipients = { recipients: [key.recipient, other.recipient] };
    const rotated = await rotateDataKey(await open(changed), { recipients }, tools);
    const seen = await diff(rotated);
    expect(seen.differences.map(({ path, kind }) => `${path.join(".")} ${kind}`)).toEqual([
      "a changed",
      "m.c re-encrypted",
      "m.d re-encrypted",
      "l.0 re-encrypted",
      "l.1 re-encrypted",
      "z added",
      "b removed",
    ]);
    expect(seen.addedRecipients).toEqual([other.recipient]);
    const blind = await diff(rotated, []);
    expect(blind.byValue).toBe(false);
    expect(blind.differences.map(({ kind }) => kind)).not.toContain("re-encrypted");
    expect((await diff(rotated, [third.opener])).byValue).toBe(false);
  });
});
