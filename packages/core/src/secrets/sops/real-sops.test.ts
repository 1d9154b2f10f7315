import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import {
  changeSops,
  decryptSops,
  encryptSops,
  formatOfFile,
  mergeSops,
  openSops,
  pgpOpener,
} from "./index.ts";
import { rotateDataKey, updateKeys, type SopsDocument, type SopsFormat } from "./index.ts";
import { makeAgeKey, seededTools, type TestKey } from "./testing/keys.ts";
import { canRunRealSops, startRealSops, type RealSops } from "./testing/real-sops.ts";

const tools = seededTools(9);

describe("what sops wrote", () => {
  const folder = join(import.meta.dirname, "testing", "vectors");
  const keyText = readFileSync(join(folder, "sops-functional-tests-key-1.asc"), "utf8");

  it.each([
    ["comments.enc.yaml", "# first comment in file\nlorem: ipsum\n# this-is-a-comment\ndolor: sit\n"],
    ["format.enc.yaml", "foo: bar\n"],
    ["format.enc.json", '{\n\t"foo": "bar"\n}\n'],
    ["format.enc.env", "foo = bar\n"],
    ["format.enc.ini", "[foo]\nbar = baz\n"],
  ])("opens here: %s", async (file, expected) => {
    const identities = [await pgpOpener(new Sensitive(keyText), "a test")];
    const bytes = readFileSync(join(folder, file));
    const document = await openSops({ bytes, format: formatOfFile(file), file, identities });
    expect(decryptSops(document).toString()).toBe(expected);
  });
});

describe.runIf(canRunRealSops())("the real sops", () => {
  let key: TestKey;
  let second: TestKey;
  let sops: RealSops;

  beforeAll(async () => {
    key = await makeAgeKey();
    second = await makeAgeKey();
    sops = await startRealSops({ SOPS_AGE_KEY: `${key.secret}\n${second.secret}` });
  }, 300_000);

  afterAll(async () => {
    await sops?.close();
  });

  const yaml = `# head
a: 1 # behind
b:
  # of c
  c: "x: y"
  d: [1, two, {e: f}] # flow
  # foot

list: # on list
- a
# in list
- b: true
  # deep
  c: 1.5
- - x
n: null
empty: ""
p_unencrypted: 0777
anchor: &x
    k: v
alias: *x
quoted: "0777"
block: |
    one
    two
`;
  // As this sops writes it: sorted, because the program around it sorts, and without comments.
  const yamlSorted = `a: 1
alias:
    k: v
anchor:
    k: v
b:
    c: 'x: y'
    d:
        - 1
        - two
        - e: f
block: |
    one
    two
empty: ""
list:
    - a
    - b: true
      c: 1.5
    - - x
"n": null
p_unencrypted: 511
quoted: "0777"
`;
  const files: [SopsFormat, string, string][] = [
    ["yaml", yaml, yamlSorted],
    [
      "json",
      '{"b": {"c": [true, null, 1.5]}, "a": 12}',
      '{\n  "a": 12,\n  "b": {\n    "c": [\n      true,\n      null,\n      1.5\n    ]\n  }\n}',
    ],
    ["env", "# c\nA=1\nB=x \\n y\n", "# c\nA=1\nB=x \\n y\n"],
    ["binary", "any text", "any text"],
  ];
  const encrypt = (text: string, format: SopsFormat): Promise<Buffer> =>
    encryptSops({
      bytes: Buffer.from(text),
      format,
      file: "f",
      recipients: { recipients: [key.recipient] },
      ...tools,
    });
  const open = (bytes: Uint8Array, format: SopsFormat): Promise<SopsDocument> =>
    openSops({ bytes, format, file: "f", identities: [key.opener] });
  const read = async (bytes: Uint8Array, format: SopsFormat): Promise<string> => {
    const answer = await sops.decrypt(bytes, format);
    return answer.ok ? answer.stored.trim() : answer.reason;
  };

  it.each(files)("opens what is written here: %s", async (format, text, expected) => {
    expect(await read(await encrypt(text, format), format)).toBe(expected.trim());
    expect(sops.warnings()).toEqual([]);
  });

  it.each(files)("refuses %s that was tampered with", async (format, text) => {
    const bytes = (await encrypt(text, format)).toString();
    const [first = "", second = ""] = bytes.match(/ENC\[[^\]]*type:(?:str|int|bool|float)\]/gu) ?? [];
    const damaged = bytes.replace(
      first,
      first.replace(/data:./u, (data) => (data.endsWith("A") ? "data:B" : "data:A")),
    );
    expect(await read(Buffer.from(damaged), format)).toMatch(/could not decrypt value|decryption error/iu);
    const emptied = bytes
      .replace(format === "env" ? first : `"${first}"`, format === "env" ? "" : '""')
      .replace(`: ${first}`, ': ""');
    expect(await read(Buffer.from(emptied), format)).toMatch(/integrity|mac/iu);
    expect(second).not.toBe("");
  });

  it("opens and checks INI, which the program around it cannot print", async () => {
    const bytes = (await encrypt("top = 0\n\n; c\n[s]\na = 1\nb = x y\n", "ini")).toString();
    expect(await read(Buffer.from(bytes), "ini")).toContain("format ini not supported");
    const damaged = bytes.replace(/(b = ENC\[AES256_GCM,data:)./u, "$1!");
    expect(await read(Buffer.from(damaged), "ini")).toContain("decryption error");
    expect(await read(Buffer.from(bytes.replace(/^top = .*$/mu, 'top = ""')), "ini")).toContain(
      "decryption error",
    );
  });

  it("opens a file after values were changed, added and removed", async () => {
    const document = await open(await encrypt(yaml, "yaml"), "yaml");
    const bytes = changeSops(
      document,
      [
        { path: ["b", "d", 2, "e"], value: "x, [y]" },
        { path: ["list", 3, "new"], value: "0x1f" },
        { path: ["a"], delete: true },
        { path: ["z", "deep"], value: 2.5 },
      ],
      tools,
    );
    const text = await read(bytes, "yaml");
    expect(text).toContain("- e: x, [y]");
    expect(text).toContain('- new: "0x1f"');
    expect(text).toContain("z:\n    deep: 2.5");
    expect(text).not.toMatch(/^a:/mu);
  });

  it("opens a file after its recipients were changed and its key rotated", async () => {
    const document = await open(await encrypt("a: 1\n", "yaml"), "yaml");
    const recipients = { recipients: [second.recipient, key.recipient] };
    expect(await read(await updateKeys(document, { recipients }, tools), "yaml")).toBe("a: 1");
    expect(await read(await rotateDataKey(document, { recipients }, tools), "yaml")).toBe("a: 1");
  });

  it("opens key groups", async () => {
    const stranger = await makeAgeKey();
    const groups = [[key.recipient], [stranger.recipient], [second.recipient]];
    const bytes = await encryptSops({
      bytes: Buffer.from("a: 1\n"),
      format: "yaml",
      file: "f",
      recipients: { groups, shamirThreshold: 2 },
      ...tools,
    });
    expect(await read(bytes, "yaml")).toBe("a: 1");
  });

  it("opens a merged file", async () => {
    const base = await encrypt("a: 1\nb: 2\n", "yaml");
    const document = await open(base, "yaml");
    const ours = changeSops(document, [{ path: ["a"], value: 3 }], tools);
    const theirs = changeSops(document, [{ path: ["c"], value: 4 }], tools);
    const merged = await mergeSops(
      { base, ours, theirs, format: "yaml", file: "f", identities: [key.opener] },
      tools,
    );
    expect(await read(merged.bytes, "yaml")).toBe("a: 3\nb: 2\nc: 4");
  });

  it.each([
    { encryptedRegex: "^b$" },
    { encryptedSuffix: "b" },
    { unencryptedRegex: "a" },
    { encryptedRegex: "b", macOnlyEncrypted: true },
  ])("opens a file with the rule %j", async (rules) => {
    const recipients = { recipients: [key.recipient] };
    const bytes = await encryptSops({
      bytes: Buffer.from("a: 1\nb: 2\n"),
      format: "yaml",
      file: "f",
      recipients,
      rules,
      ...tools,
    });
    expect(bytes.toString()).toContain("a: 1");
    expect(await read(bytes, "yaml")).toBe("a: 1\nb: 2");
  });

  // Where sops has a comment shows in whether it can decrypt it; it warns of those it cannot.
  it.each([
    "# c\n\na: 1\n",
    "a:\n    # c\n    b: 1\n",
    "a:\n    b: 1\n    # c\nd: 2\n",
    "a:\n    b: 1\n    # c\n\nd: 2\n",
    "a:\n    b: 1\n# c\nd: 2\n",
    "a: # c\n    b: 1\n",
    "a: # c\n    - b\n",
    "a:\n    - b\n    # c\n    - d\n",
    "a:\n    - b: 1\n      # c\n      d: 2\n",
    "a:\n    - b: 1 # c\n      d: 2\n",
    "a:\n    b: 1\n    # c\n",
    "a: {b: 1} # c\n",
    "a:\n- b\n# c\n- d\n",
    "a:\n    b:\n        e: 1\n        # c\n    f: 2\n",
    "a: |\n    x\n# c\nb: 1\n",
    "a:\n    - # c\n      b: 1\n",
  ])("has the comment where it is here: %j", async (text) => {
    await read(await encrypt(text, "yaml"), "yaml");
    expect(sops.warnings()).toEqual([]);
  });

  it("warns of a comment that stands in another map than it was made for", async () => {
    const bytes = (await encrypt("a:\n    # c\n    b: 1\n", "yaml")).toString();
    const comment = /^ {4}(#ENC.*)\n/mu.exec(bytes);
    await read(Buffer.from(`${comment?.[1] ?? ""}\n${bytes.replace(comment?.[0] ?? "", "")}`), "yaml");
    expect(sops.warnings()).toHaveLength(1);
  });
});
