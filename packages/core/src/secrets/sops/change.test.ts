import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { changeSops, decryptSops, encryptSops, openSops, replacePlain } from "./index.ts";
import type { SopsChange, SopsDocument, SopsFormat, SopsPath } from "./index.ts";
import { makeAgeKey, seededTools, type TestKey } from "./testing/keys.ts";

let key: TestKey;
const tools = seededTools(3);
const later = { ...tools, clock: () => new Date("2027-01-01T00:00:00Z") };

beforeAll(async () => {
  key = await makeAgeKey();
});

async function opened(text: string, format: SopsFormat): Promise<SopsDocument> {
  const recipients = { recipients: [key.recipient] };
  const bytes = await encryptSops({ bytes: Buffer.from(text), format, file: "f", recipients, ...tools });
  return reopen(bytes, format);
}

const reopen = (bytes: Uint8Array, format: SopsFormat): Promise<SopsDocument> =>
  openSops({ bytes, format, file: "f", identities: [key.opener] });

const set = (path: SopsPath, value: string | number | boolean | null): SopsChange => ({ path, value });
const drop = (path: SopsPath): SopsChange => ({ path, delete: true });

/** Plain text before, the changes, plain text after. */
const cases: [SopsFormat, string, string, SopsChange[], string][] = [
  ["yaml", "a value", "a: 1 # x\nb: w\n", [set(["a"], "new")], "a: new # x\nb: w\n"],
  ["yaml", "an ambiguous text", "a: x\n", [set(["a"], "0777")], 'a: "0777"\n'],
  ["yaml", "lines", "a: x\nb: w\n", [set(["a"], "one\ntwo\n")], "a: |\n    one\n    two\nb: w\n"],
  [
    "yaml",
    "lines before a comment",
    "a: x # c\nb: w\n",
    [set(["a"], "one\ntwo\n")],
    'a: "one\\ntwo\\n" # c\nb: w\n',
  ],
  ["yaml", "a block of lines", "a: |+\n  x\n\n\nb: w\n", [set(["a"], "z")], "a: z\n\n\nb: w\n"],
  [
    "yaml",
    "an unencrypted value",
    "a_unencrypted: x\n",
    [set(["a_unencrypted"], "yes")],
    'a_unencrypted: "yes"\n',
  ],
  ["yaml", "null into text", "a:\nb: w\n", [set(["a"], "x")], "a: x\nb: w\n"],
  ["yaml", "text into null", "a: x\n", [set(["a"], null)], "a: null\n"],
  ["yaml", "text into nothing", "a: x\n", [set(["a"], "")], 'a: ""\n'],
  ["yaml", "a value in brackets", "a: [1, {b: c}]\n", [set(["a", 1, "b"], "x, y")], 'a: [1, {b: "x, y"}]\n'],
  ["yaml", "a new key", "a: 1\n# end\n", [set(["b"], "x")], "a: 1\nb: x\n# end\n"],
  ["yaml", "a new key below", "m:\n  a: 1\nz: 2\n", [set(["m", "b"], "x")], "m:\n  a: 1\n  b: x\nz: 2\n"],
  ["yaml", "new maps", "m:\n  a: 1\n", [set(["q", "o", "p"], 1)], "m:\n  a: 1\nq:\n  o:\n    p: 1\n"],
  [
    "yaml",
    "a new key behind a block",
    "m:\n    a: |+\n        x\n\nz: 2\n",
    [set(["m", "b"], 1)],
    'm:\n    a: "x\\n\\n"\n    b: 1\n\nz: 2\n',
  ],
  [
    "yaml",
    "a new key in brackets",
    "a: {}\nb: {c: 1}\n",
    [set(["a", "x"], 1), set(["b", "d"], 2)],
    'a: {"x": 1}\nb: {c: 1, "d": 2}\n',
  ],
  ["yaml", "a new item", "a:\n- 1\n", [set(["a", 1], 2)], "a:\n- 1\n- 2\n"],
  ["yaml", "a removed key", "# of a\na: 1\nb: 2\n", [drop(["a"])], "# of a\nb: 2\n"],
  ["yaml", "a removed map", "m:\n    a: 1\n    b: 2\nz: 3\n", [drop(["m"])], "z: 3\n"],
  ["yaml", "the last key of a map", "m:\n    a: 1\nz: 3\n", [drop(["m", "a"])], "m: {}\nz: 3\n"],
  [
    "yaml",
    "the last key of a map with a comment",
    "m: # c\n    a: 1\nz: 3\n",
    [drop(["m", "a"])],
    "m: # c\n      {}\nz: 3\n",
  ],
  [
    "yaml",
    "the last item of a list with a comment",
    "m: # c\n- 1\nz: 3\n",
    [drop(["m", 0])],
    "m: # c\n  []\nz: 3\n",
  ],
  ["yaml", "the last item of a list", "m:\n    - 1\nz: 3\n", [drop(["m", 0])], "m: []\nz: 3\n"],
  [
    "yaml",
    "the first key beside a dash",
    "l:\n    - a: 1\n      b: 2\n",
    [drop(["l", 0, "a"])],
    "l:\n    - b: 2\n",
  ],
  [
    "yaml",
    "the only key beside a dash",
    "l:\n    - a: 1\n    - c: 2\n",
    [drop(["l", 0, "a"])],
    "l:\n    - {}\n    - c: 2\n",
  ],
  ["yaml", "an item in brackets", "a: [1, 2, 3]\n", [drop(["a", 1]), drop(["a", 1])], "a: [1]\n"],
  ["yaml", "a file without keys", "{}\n", [set(["a"], 1)], '{"a": 1}\n'],
  ["json", "a value", '{"a": 1, "b": [2]}\n', [set(["b", 0], "x")], '{"a": 1, "b": ["x"]}\n'],
  [
    "json",
    "a new key",
    '{\n  "a": 1\n}\n',
    [set(["b", "c"], true)],
    '{\n  "a": 1,\n  "b": {\n    "c": true\n  }\n}\n',
  ],
  ["json", "a removed key", '{\n\t"a": 1,\n\t"b": 2\n}\n', [drop(["b"])], '{\n\t"a": 1\n}\n'],
  ["json", "the last key", '{\n\t"a": 1\n}\n', [drop(["a"])], "{}\n"],
  ["env", "a value with lines", "A=1\nB=2\n", [set(["A"], "x\ny")], "A=x\\ny\nB=2\n"],
  ["env", "a new name", "A=1\n", [set(["B"], 2)], "A=1\nB=2\n"],
  ["env", "a removed name", "#c\nA=1\nB=2\n", [drop(["A"])], "#c\nB=2\n"],
  ["ini", "a value", "[s]\na = 1\nb = 2\n", [set(["s", "a"], "x;y")], "[s]\na = `x;y`\nb = 2\n"],
  [
    "ini",
    "a new key and a new section",
    "[s]\na = 1\n",
    [set(["s", "b"], "2"), set(["t", "c"], "3")],
    "[s]\na = 1\nb = 2\n\n[t]\nc = 3\n",
  ],
  [
    "ini",
    "a key before the first section",
    "[s]\na = 1\n",
    [set(["DEFAULT", "z"], "0")],
    "z = 0\n[s]\na = 1\n",
  ],
  ["binary", "its content", "abc", [set(["data"], "xyz")], "xyz"],
];

describe("changing", () => {
  it.each(cases)("%s: %s", async (format, _what, before, changes, after) => {
    const document = await opened(before, format);
    const bytes = changeSops(document, changes, later);
    expect(decryptSops(await reopen(bytes, format)).toString()).toBe(after);
    expect(bytes.toString()).toContain("2027-01-01T00:00:00Z");
    expect(untouched(document, bytes, changes)).toEqual([]);
  });

  /** The ciphertexts of values that no change names and that are gone all the same. */
  function untouched(document: SopsDocument, bytes: Buffer, changes: readonly SopsChange[]): unknown[] {
    const text = bytes.toString();
    return document.parsed.entries.filter((entry) => {
      const isNamed = changes.some(({ path }) => path.every((part, at) => part === entry.path[at]));
      return (
        !isNamed &&
        !changes.some((change) => "delete" in change) &&
        !text.includes(entry.plain.bytes.toString())
      );
    });
  }

  it("to what is there already changes no byte", async () => {
    const document = await opened("a: 1\nb: x\n", "yaml");
    expect(changeSops(document, [set(["a"], 1), set(["b"], "x")], later).toString()).toBe(
      document.parsed.source.text,
    );
  });

  it("touches the line of the value, the MAC and the time only", async () => {
    const document = await opened("a: 1\nb:\n    - x\n    - y\nc: z\n", "yaml");
    const before = document.parsed.source.text.split("\n");
    const after = changeSops(document, [set(["b", 1], "new")], later)
      .toString()
      .split("\n");
    const changed = after
      .filter((line, at) => line !== before[at])
      .map((line) => line.trim().split(/[ :]/u)[0]);
    expect(after).toHaveLength(before.length);
    expect(changed).toEqual(["-", "lastmodified", "mac"]);
  });

  it.each<[string, SopsChange[], string]>([
    ["removes nothing", [drop(["x"])], "secret.not-found"],
    ["puts a value below a value", [set(["a", "x"], 1)], "secret.unrepresentable"],
    ["puts a value in place of a map", [set(["m"], 1)], "secret.unrepresentable"],
    ["leaves a gap in a list", [set(["l", 5], 1)], "secret.unrepresentable"],
    ["has too large an integer", [{ path: ["a"], value: 2n ** 64n }], "secret.unrepresentable"],
    ["names no document", [{ path: ["a"], document: 3, value: 1 }], "secret.unrepresentable"],
  ])("is refused where it %s", async (_what, changes, code) => {
    const document = await opened("a: 1\nm:\n    b: 2\nl:\n    - 3\n", "yaml");
    expect(() => changeSops(document, changes, later)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it.each<[SopsFormat, string, SopsChange]>([
    ["env", "A=1\n", set(["A=B"], "x")],
    ["env", "A=1\n", set(["sops_x"], "x")],
    ["env", "A=1\n", set(["A", "b"], "x")],
    ["ini", "[s]\na=1\n", set(["sops", "x"], "x")],
    ["ini", "[s]\na=1\n", set(["a"], "x")],
  ])("a name that %s cannot have is refused", async (format, text, change) => {
    const document = await opened(text, format);
    expect(() => changeSops(document, [change], later)).toThrow(
      expect.objectContaining({ code: "secret.unrepresentable" }) as Error,
    );
  });
});

describe("replacing the whole plain file", () => {
  it("keeps what did not change and takes the new layout", async () => {
    const document = await opened("a: 1\nb: two\nc: three\n", "yaml");
    const bytes = replacePlain(document, Buffer.from("# new\nc: three\na: 2\nb: two\n"), later);
    const text = bytes.toString();
    const [a = "", b = "", c = ""] = document.parsed.entries.map((entry) => entry.plain.bytes.toString());
    expect(text).toContain(`b: ${b}`);
    expect(text).toContain(`c: ${c}`);
    expect(text).not.toContain(a);
    expect(decryptSops(await reopen(bytes, "yaml")).toString()).toBe("# new\nc: three\na: 2\nb: two\n");
  });

  it("keeps a backslash that ENV cannot tell from a line break, as long as the line is not edited", async () => {
    const document = await opened("A=1\nB=2\n", "env");
    const changed = await reopen(changeSops(document, [set(["A"], "C:\\new")], later), "env");
    const edited = decryptSops(changed).toString().replace("B=2", "B=3");
    const again = await reopen(replacePlain(changed, Buffer.from(edited), later), "env");
    expect(again.leaves.map((leaf) => leaf.value.reveal())).toEqual(["C:\\new", "3"]);
  });
});

const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const scalar = fc.oneof(
  word,
  fc.string({ unit: "binary" }),
  fc.integer(),
  fc.boolean(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    // An integer of more than 64 bits is refused in a plain file.
    .filter((value) => !/^-?\d{19,}$/u.test(String(value))),
  fc.constant(null),
);
const name = fc.stringMatching(/^[A-Za-z]\w{0,6}$/u).filter((text) => text !== "sops");
const tree = fc.letrec((tie) => ({
  map: fc.dictionary(name, fc.oneof({ depthSize: "small" }, scalar, tie("map"), tie("list")), { maxKeys: 4 }),
  list: fc.array(fc.oneof({ depthSize: "small" }, scalar, tie("map")), { maxLength: 3 }),
})).map;

/** What a tree holds, as leaves. */
function leavesOf(value: unknown, path: SopsPath = []): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(item, [...path, at]));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  }
  return [[...path, typeof value === "string" ? value.toWellFormed() : value]];
}

const seen = (document: SopsDocument): unknown[] =>
  document.leaves.map((leaf) => {
    const value = leaf.value.reveal();
    // Whether a large integer comes as a bigint is of no account here.
    return [...leaf.path, typeof value === "bigint" ? Number(value) : value];
  });

describe("any tree", () => {
  it.each(["json", "yaml"] as const)(
    "comes back from %s, encrypted and plain, and takes any value anywhere",
    async (format) => {
      const property = fc.asyncProperty(tree, scalar, fc.nat(), async (value, next, pick) => {
        const text = JSON.stringify(value, (_key, inner: unknown) => (Object.is(inner, -0) ? 0 : inner), 1);
        const document = await opened(`${text}\n`, format);
        const leaves = leavesOf(JSON.parse(text));
        expect(seen(document)).toEqual(leaves);
        expect(seen(await opened(decryptSops(document).toString(), format))).toEqual(leaves);
        const target = document.leaves[pick % Math.max(document.leaves.length, 1)];
        if (target === undefined) return;
        const changed = await reopen(
          changeSops(document, [{ path: target.path, value: next }], later),
          format,
        );
        const plain = await opened(decryptSops(changed).toString(), format);
        const at = document.leaves.indexOf(target);
        const expected = leaves.with(at, [
          ...target.path,
          typeof next === "string" ? next.toWellFormed() : Object.is(next, -0) ? -0 : next,
        ]);
        expect(seen(changed)).toEqual(expected);
        expect(seen(plain)).toEqual(expected);
      });
      await fc.assert(property, { numRuns: 60 });
    },
  );

  it("written in block style takes any text at any place", async () => {
    const property = fc.asyncProperty(
      fc.oneof(
        word,
        fc.string({ unit: "binary", maxLength: 30 }),
        fc.stringMatching(/^[\d\-:._exob T+Z]{1,12}$/u),
      ),
      async (text) => {
        const document = await opened("a: x\nm:\n  - b: x # c\n  - x\nf: [x, {g: x}]\nlast: x", "yaml");
        const paths: SopsPath[] = [["a"], ["m", 0, "b"], ["m", 1], ["f", 0], ["f", 1, "g"], ["last"]];
        const changed = await reopen(
          changeSops(
            document,
            paths.map((path) => ({ path, value: text })),
            later,
          ),
          "yaml",
        );
        const plain = await opened(decryptSops(changed).toString(), "yaml");
        expect(seen(plain)).toEqual(paths.map((path) => [...path, text.toWellFormed()]));
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  it.each(["env", "ini"] as const)("of texts comes back from %s", async (format) => {
    const value = fc.oneof(word, fc.string({ unit: "binary", maxLength: 20 }));
    const property = fc.asyncProperty(value, async (text) => {
      const path = format === "env" ? ["A"] : ["s", "a"];
      const document = await opened(format === "env" ? "A=1\nB=2\n" : "[s]\na = 1\nb = 2\n", format);
      const changed = await reopen(changeSops(document, [{ path, value: text }], later), format);
      expect(changed.leaves[0]?.value.reveal()).toBe(text.toWellFormed());
    });
    await fc.assert(property, { numRuns: 100 });
  });
});
