import { beforeAll, describe, expect, it } from "vitest";
import { inspect } from "node:util";
import type { RuleSet } from "./rules.ts";
import {
  changeSops,
  decryptSops,
  encryptSops,
  inspectSops,
  isSopsFile,
  openSops,
  replacePlain,
} from "./index.ts";
import { rotateDataKey, updateKeys, type SopsDocument, type SopsFormat } from "./index.ts";
import { makeAgeKey, seededTools, type TestKey } from "./testing/keys.ts";

let key: TestKey;
let other: TestKey;
const tools = seededTools();

beforeAll(async () => {
  key = await makeAgeKey();
  other = await makeAgeKey();
});

const encrypt = (text: string, format: SopsFormat, rules: RuleSet = {}): Promise<Buffer> =>
  encryptSops({
    bytes: Buffer.from(text),
    format,
    file: "f",
    recipients: { recipients: [key.recipient] },
    rules,
    ...tools,
  });
const open = (bytes: Uint8Array, format: SopsFormat): Promise<SopsDocument> =>
  openSops({ bytes, format, file: "f", identities: [key.opener] });
const values = (document: SopsDocument): unknown[] =>
  document.leaves.map((leaf) => [...leaf.path, leaf.value.reveal()]);

const yaml = `# head
a: 1 # behind
b:
  # of c
  c: "x: y"
  d: [1, two, {e: f}] # flow
  # foot

list:
- a
# in list
- b: true
  # deep
  c: 1.5
- - x
  - 2026-01-02T03:04:05Z
n: null
empty: ""
p_unencrypted: plain
block: |
    one
    two
`;
const json = `{\n  "a": 1,\n  "b": {"c": [true, null, 1.5, "x<y"]},\n  "e": {},\n  "big": 9007199254740993,\n  "x_unencrypted": 12\n}\n`;
const env = "# head\nA=1\nB=x \\n y\nE=\n\nC_unencrypted=p\n";
const ini = "; top\na = 1\n\n; section\n[s.x]\nkey=v: w\n; of q\nq = `a;b`\nempty=\n";
const plainFiles: [SopsFormat, string][] = [
  ["yaml", yaml],
  ["json", json],
  ["env", env],
  ["ini", ini],
  ["binary", "any \u0000 bytes"],
];

describe.each(plainFiles)("a %s file", (format, text) => {
  it("is the same after it was encrypted and decrypted", async () => {
    const bytes = await encrypt(text, format);
    expect(decryptSops(await open(bytes, format)).toString()).toBe(text);
  });

  it("shows nothing of its values once it is encrypted, nor of an opened document", async () => {
    const bytes = await encrypt(text, format);
    const document = await open(bytes, format);
    for (const secret of ["two", "x: y", "x<y", "x \\n y", "v: w", "a;b", "any "]) {
      if (!text.includes(secret)) continue;
      expect(bytes.toString()).not.toContain(secret);
      expect(inspect(document, { depth: 9 })).not.toContain(secret);
      expect(JSON.stringify({ leaves: document.leaves, plains: document.plains })).not.toContain(secret);
    }
  });

  it("is refused when it is encrypted already", async () => {
    const bytes = await encrypt(text, format);
    await expect(encrypt(bytes.toString(), format)).rejects.toMatchObject({
      code: "secret.already-encrypted",
    });
    expect(isSopsFile(bytes, format)).toBe(true);
    expect(isSopsFile(Buffer.from(text), format)).toBe(false);
  });

  it("does not open with another key", async () => {
    const bytes = await encrypt(text, format);
    const opened = openSops({ bytes, format, file: "f", identities: [other.opener] });
    await expect(opened).rejects.toMatchObject({ code: "secret.no-key" });
  });

  it("is refused with any of its ciphertext characters changed", async () => {
    const text64 = (await encrypt(text, format)).toString();
    const places = [...text64.matchAll(/(?:data|iv|tag):([A-Za-z0-9+/]{2,})/gu)].map(
      (match) => match.index + match[0].length - 2,
    );
    for (const at of places) {
      const changed = text64.slice(0, at) + (text64[at] === "A" ? "B" : "A") + text64.slice(at + 1);
      if (
        /#|;/u.test(
          changed
            .slice(changed.lastIndexOf("\n", at) + 1, at)
            .trimStart()
            .slice(0, 1),
        )
      )
        continue;
      if (/ #ENC[^\n]*$/u.test(changed.slice(changed.lastIndexOf("\n", at) + 1, at))) continue;
      await expect(open(Buffer.from(changed), format), changed.slice(at - 40, at + 5)).rejects.toMatchObject({
        code: expect.stringMatching(/^secret\.(?:value|mac|format)$/u) as string,
      });
    }
  });

  it("keeps its bytes when the same plain file is encrypted again, but for MAC and time", async () => {
    const bytes = await encrypt(text, format);
    const document = await open(bytes, format);
    const again = replacePlain(document, decryptSops(document), {
      ...tools,
      clock: () => new Date("2027-01-01T00:00:00Z"),
    });
    const shown = (file: Buffer): string =>
      file
        .toString()
        .replaceAll(/(mac"?\s*[:=]\s*"?)ENC\[[^\]]*\]/gu, "$1")
        .replaceAll(/2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ/gu, "");
    expect(shown(again)).toBe(shown(bytes));
    expect(values(await open(again, format))).toEqual(values(document));
  });

  it("keeps values and wrapped keys when recipients change, and changes both when it is rotated", async () => {
    const bytes = await encrypt(text, format);
    const document = await open(bytes, format);
    const recipients = { recipients: [key.recipient, other.recipient] };
    const shared = await updateKeys(document, { recipients }, tools);
    const sealed = (file: Buffer): string[] => file.toString().match(/ENC\[[^\]]*\]/gu) ?? [];
    expect(sealed(shared)).toEqual(sealed(bytes));
    const theirs = await openSops({ bytes: shared, format, file: "f", identities: [other.opener] });
    expect(values(theirs)).toEqual(values(document));

    const rotated = await rotateDataKey(theirs, { recipients: { recipients: [other.recipient] } }, tools);
    const kept = new Set(sealed(bytes));
    expect(sealed(rotated).some((text) => kept.has(text))).toBe(false);
    await expect(open(rotated, format)).rejects.toMatchObject({ code: "secret.no-key" });
    const after = await openSops({ bytes: rotated, format, file: "f", identities: [other.opener] });
    expect(values(after)).toEqual(values(document));
    expect(after.dataKey.reveal()).not.toEqual(document.dataKey.reveal());
  });
});

describe("reading", () => {
  it("gives values their types", async () => {
    const document = await open(await encrypt(yaml, "yaml"), "yaml");
    expect(
      document.leaves.map(({ path, type, encrypted, value }) => [
        path.join("."),
        type,
        encrypted,
        value.reveal(),
      ]),
    ).toEqual([
      ["a", "int", true, 1],
      ["b.c", "str", true, "x: y"],
      ["b.d.0", "int", true, 1],
      ["b.d.1", "str", true, "two"],
      ["b.d.2.e", "str", true, "f"],
      ["list.0", "str", true, "a"],
      ["list.1.b", "bool", true, true],
      ["list.1.c", "float", true, 1.5],
      ["list.2.0", "str", true, "x"],
      ["list.2.1", "time", true, "2026-01-02T03:04:05Z"],
      ["n", "null", false, null],
      ["empty", "str", false, ""],
      ["p_unencrypted", "str", false, "plain"],
      ["block", "str", true, "one\ntwo\n"],
    ]);
  });

  it("keeps 64-bit integers of JSON", async () => {
    const document = await open(await encrypt(json, "json"), "json");
    expect(document.leaves.find((leaf) => leaf.path[0] === "big")?.value.reveal()).toBe(9007199254740993n);
  });

  it("needs no key for names and recipients", async () => {
    const bytes = await encrypt(yaml, "yaml");
    const seen = inspectSops(bytes, "yaml");
    expect(seen.metadata.groups[0]?.entries.map((entry) => entry.id)).toEqual([key.recipient]);
    expect(seen.values.find((value) => value.path.join(".") === "b.c")).toMatchObject({
      encrypted: true,
      type: "str",
      line: 5,
    });
    expect(seen.metadata.lastModified).toBe("2026-03-04T05:06:07Z");
  });

  it.each<[string, (text: string) => string, string]>([
    ["two values swapped", (text) => swap(text, "a", "c"), "secret.value"],
    ["two values of a list swapped", (text) => swapLines(text), "secret.mac"],
    ["a value removed", (text) => text.replace(/^a: .*\n/mu, ""), "secret.mac"],
    ["a value added", (text) => `z_unencrypted: 1\n${text}`, "secret.mac"],
    [
      "an unencrypted value changed",
      (text) => text.replace("p_unencrypted: p", "p_unencrypted: q"),
      "secret.mac",
    ],
    [
      "a plain value where the rule says encrypt",
      (text) => text.replace(/^a: .*$/mu, "a: 5"),
      "secret.value",
    ],
    ["an encrypted value emptied", (text) => text.replace(/^a: .*$/mu, 'a: ""'), "secret.mac"],
    ["the time changed", (text) => text.replace("2026-03-04", "2026-03-05"), "secret.mac"],
    ["the MAC removed", (text) => text.replace(/^ +mac: .*\n/mu, ""), "secret.mac"],
    ["the MAC emptied", (text) => text.replace(/^( +mac:) .*$/mu, '$1 ""'), "secret.mac"],
    [
      "the MAC of another value",
      (text) => text.replace(/^( +mac:) .*$/mu, `$1 ${/^a: (.*)$/mu.exec(text)?.[1] ?? ""}`),
      "secret.mac",
    ],
    [
      "the rule changed",
      (text) => text.replace("unencrypted_suffix: _unencrypted", "unencrypted_suffix: a"),
      "secret.value",
    ],
    [
      "two rules",
      (text) => text.replace("    version:", "    encrypted_regex: x\n    version:"),
      "secret.format",
    ],
    [
      "an unknown field",
      (text) => text.replace("    version:", "    surprise: x\n    version:"),
      "secret.format",
    ],
    ["no keys", (text) => text.replace(/^ {4}age:\n(?: {8,}.*\n)+/mu, ""), "secret.format"],
    ["a key twice", (text) => `a: 1\n${text}`, "secret.format"],
  ])("refuses a file with %s", async (_what, change, code) => {
    const text = (
      await encrypt("a: one\nc: two\nlist:\n    - x\n    - y\np_unencrypted: p\n", "yaml")
    ).toString();
    const changed = change(text);
    expect(changed).not.toBe(text);
    await expect(open(Buffer.from(changed), "yaml")).rejects.toMatchObject({ code });
  });

  it("says where a damaged value stands", async () => {
    const text = (await encrypt("a: one\nb:\n    c: two\n", "yaml")).toString();
    const broken = text.replace(/(c: ENC\[AES256_GCM,data:)./u, "$1!");
    await expect(open(Buffer.from(broken), "yaml")).rejects.toMatchObject({
      code: "secret.value",
      where: { file: "f", line: 3, path: "b.c" },
    });
  });

  it("keeps keys of JavaScript's objects as data", async () => {
    const text = '{"__proto__": {"constructor": "x"}, "toString": "y"}\n';
    const document = await open(await encrypt(text, "json"), "json");
    expect(values(document)).toEqual([
      ["__proto__", "constructor", "x"],
      ["toString", "y"],
    ]);
    expect(decryptSops(document).toString()).toBe(text);
  });
});

function swap(text: string, one: string, two: string): string {
  const find = (name: string): string => new RegExp(`^${name}: (.*)$`, "mu").exec(text)?.[1] ?? "";
  const [first, second] = [find(one), find(two)];
  return text
    .replace(`${one}: ${first}`, `${one}: ${second}`)
    .replace(`${two}: ${second}`, `${two}: ${first}`);
}

function swapLines(text: string): string {
  return text.replace(/( {4}- ENC.*\n)( {4}- ENC.*\n)/u, "$2$1");
}

describe("rules", () => {
  const text = "a: 1\nb_secret: 2\nm:\n    # mark\n    c: 3\n    d: 4\n";
  it.each<[RuleSet, string[]]>([
    [{}, ["a", "b_secret", "m.c", "m.d"]],
    [{ encryptedSuffix: "_secret" }, ["b_secret"]],
    [{ unencryptedSuffix: "_secret" }, ["a", "m.c", "m.d"]],
    [{ encryptedRegex: "^(m|a)$" }, ["a", "m.c", "m.d"]],
    [{ unencryptedRegex: "secre" }, ["a", "m.c", "m.d"]],
    [{ encryptedCommentRegex: "mark" }, ["m.c"]],
    [{ unencryptedCommentRegex: "mark" }, ["a", "b_secret", "m.d"]],
    [{ encryptedSuffix: "_secret", macOnlyEncrypted: true }, ["b_secret"]],
  ])("%j encrypts %j", async (rules, expected) => {
    const bytes = await encrypt(text, "yaml", rules);
    const document = await open(bytes, "yaml");
    expect(document.leaves.filter((leaf) => leaf.encrypted).map((leaf) => leaf.path.join("."))).toEqual(
      expected,
    );
    expect(decryptSops(document).toString()).toBe(text);
  });

  it("leave an unencrypted value outside the MAC only with mac_only_encrypted", async () => {
    const bytes = await encrypt(text, "yaml", { encryptedSuffix: "_secret", macOnlyEncrypted: true });
    const changed = Buffer.from(bytes.toString().replace("a: 1", "a: 9"));
    expect(values(await open(changed, "yaml"))[0]).toEqual(["a", 9]);
  });

  it.each<RuleSet>([{ encryptedRegex: "(" }, { encryptedRegex: "x", encryptedSuffix: "y" }])(
    "%j are refused",
    async (rules) => {
      await expect(encrypt(text, "yaml", rules)).rejects.toMatchObject({ code: "secret.rules" });
    },
  );
});

describe("several documents and aliases", () => {
  const text = "a: 1\n---\n# second\nb: 2\n---\nc: &x\n    d: e\nf: *x\n";

  it("are one file with one key and one MAC", async () => {
    const bytes = await encrypt(text, "yaml");
    expect(bytes.toString().match(/^sops:$/gmu)).toHaveLength(3);
    const document = await open(bytes, "yaml");
    expect(values(document)).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", "d", "e"],
      ["f", "d", "e"],
    ]);
    expect(decryptSops(document).toString()).toBe(text.replace("*x", '{"d": e}'));
    const changed = changeSops(document, [{ document: 1, path: ["b"], value: 3 }], tools);
    expect(values(await open(changed, "yaml"))[1]).toEqual(["b", 3]);
  });

  it("cannot be reordered", async () => {
    const [first = "", second = "", ...rest] = (await encrypt(text, "yaml")).toString().split(/^---\n/mu);
    await expect(open(Buffer.from([second, first, ...rest].join("---\n")), "yaml")).rejects.toMatchObject({
      code: "secret.mac",
    });
  });
});

describe("key groups", () => {
  it("open with enough groups and not with fewer", async () => {
    const third = await makeAgeKey();
    const groups = [[key.recipient], [other.recipient], [third.recipient]];
    const bytes = await encryptSops({
      bytes: Buffer.from("a: 1\n"),
      format: "yaml",
      file: "f",
      recipients: { groups, shamirThreshold: 2 },
      ...tools,
    });
    const openWith = (...keys: TestKey[]): Promise<SopsDocument> =>
      openSops({ bytes, format: "yaml", file: "f", identities: keys.map(({ opener }) => opener) });
    expect(values(await openWith(third, key))).toEqual([["a", 1]]);
    expect(values(await openWith(key, other, third))).toEqual([["a", 1]]);
    await expect(openWith(other)).rejects.toMatchObject({ code: "secret.no-key" });
    const document = await openWith(key, other);
    const alone = await updateKeys(document, { recipients: { recipients: [key.recipient] } }, tools);
    expect(values(await open(alone, "yaml"))).toEqual([["a", 1]]);
    expect(alone.toString()).not.toContain("key_groups");
  });
});

describe("keys of kinds that are not known", () => {
  const kms =
    '    kms:\n        - arn: arn:aws:kms:x\n          created_at: "2026-01-01T00:00:00Z"\n          enc: abc\n          aws_profile: ""\n    new_kind:\n        - name: n\n          enc: def\n';

  it("are kept when recipients change, and named when a rotation cannot keep them", async () => {
    const text = (await encrypt("a: 1\n", "yaml")).toString().replace("sops:\n", `sops:\n${kms}`);
    const document = await open(Buffer.from(text), "yaml");
    const recipients = { recipients: ["arn:aws:kms:x", "n", key.recipient, other.recipient] };
    const changed = (await updateKeys(document, { recipients }, tools)).toString();
    expect(changed).toContain("arn:aws:kms:x");
    expect(changed).toMatch(/new_kind:\n {8}- name: "?n"?\n {10}enc: def/u);
    await expect(rotateDataKey(document, {}, tools)).rejects.toMatchObject({
      code: "secret.recipient",
      message: expect.stringContaining("arn:aws:kms:x") as string,
    });
  });
});
