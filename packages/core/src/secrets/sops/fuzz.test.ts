import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { isLotseError } from "../../kernel/index.ts";
import {
  changeSops,
  decryptSops,
  encryptSops,
  inspectSops,
  isSopsFile,
  openSops,
  type SopsFormat,
} from "./index.ts";
import { defaultLimits } from "./limits.ts";
import { makeAgeKey, seededTools, type TestKey } from "./testing/keys.ts";

let key: TestKey;
const tools = seededTools(7);
const formats = ["yaml", "json", "env", "ini", "binary"] as const;
const seeds: Record<SopsFormat, string> = {
  yaml: "# c\na: 1\nb: &x [x, {y: z}]\nm:\n    - k: |\n        t\n    # d\n    - *x\nt: 2026-01-01\n",
  json: '{"a": 1, "b": [true, null, {"c": "d\\u00e9"}], "e": {}}',
  env: "#c\nA=1\nB=x\\ny\n",
  ini: '; c\na = 1\n[s]\nb: `x`\nc = """y\nz"""\n',
  binary: "bytes",
};
const files = new Map<SopsFormat, Buffer>();

beforeAll(async () => {
  key = await makeAgeKey();
  const recipients = { recipients: [key.recipient] };
  for (const format of formats) {
    files.set(
      format,
      await encryptSops({ bytes: Buffer.from(seeds[format]), format, file: "f", recipients, ...tools }),
    );
  }
});

async function onlyLotseErrors(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isLotseError(error)) throw error;
  }
}

const cut = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(6),
  insert: fc.oneof(
    fc.string({ maxLength: 4 }),
    fc.constantFrom(
      "\n",
      "  ",
      "- ",
      ": ",
      "#",
      "{",
      "[",
      '"',
      "'",
      "&a ",
      "*a",
      "|",
      "?",
      "!!int ",
      "---\n",
      "\t",
      "=",
      ",",
    ),
  ),
});

function mutate(text: string, cuts: readonly { at: number; length: number; insert: string }[]): string {
  return cuts.reduce((now, { at, length, insert }) => {
    const from = Math.floor(at * now.length);
    return now.slice(0, from) + insert + now.slice(from + length);
  }, text);
}

describe.each(formats)("any %s file", (format) => {
  it("of arbitrary bytes ends in a Lotse error or a result", async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      isSopsFile(bytes, format);
      await onlyLotseErrors(() => inspectSops(bytes, format));
      await onlyLotseErrors(() => openSops({ bytes, format, file: "f", identities: [key.opener] }));
      const recipients = { recipients: [key.recipient] };
      await onlyLotseErrors(async () => {
        const made = await encryptSops({ bytes, format, file: "f", recipients, ...tools });
        const document = await openSops({ bytes: made, format, file: "f", identities: [key.opener] });
        decryptSops(document);
      });
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("that was encrypted and then mutated opens to the same values, or ends in a Lotse error", async () => {
    const original = files.get(format) ?? Buffer.alloc(0);
    const document = await openSops({ bytes: original, format, file: "f", identities: [key.opener] });
    const values = (of: typeof document): string =>
      JSON.stringify(of.leaves.map((leaf) => String(leaf.value.reveal())));
    const property = fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async (cuts) => {
      const bytes = Buffer.from(mutate(original.toString(), cuts));
      await onlyLotseErrors(async () => {
        const opened = await openSops({ bytes, format, file: "f", identities: [key.opener] });
        // The MAC lets an empty value or a null come and go, and nothing else.
        const shown = (of: typeof document): string => values(of).replaceAll(/"(?:null)?",?/gu, "");
        expect(shown(opened)).toBe(shown(document));
      });
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it("that is plain and mutated is encrypted so that it opens to what was read, whatever its layout", async () => {
    const property = fc.asyncProperty(fc.array(cut, { maxLength: 4 }), fc.nat(), async (cuts, pick) => {
      const bytes = Buffer.from(mutate(seeds[format], cuts));
      await onlyLotseErrors(async () => {
        const recipients = { recipients: [key.recipient] };
        const made = await encryptSops({ bytes, format, file: "f", recipients, ...tools });
        const document = await openSops({ bytes: made, format, file: "f", identities: [key.opener] });
        const target = document.leaves[pick % Math.max(1, document.leaves.length)];
        if (target === undefined) return;
        const { path, document: index } = target;
        const changed = changeSops(document, [{ path, document: index, value: "new value" }], tools);
        const after = await openSops({ bytes: changed, format, file: "f", identities: [key.opener] });
        const expected = document.leaves.map((leaf) => (leaf === target ? "new value" : leaf.value.reveal()));
        expect(after.leaves.map((leaf) => leaf.value.reveal())).toEqual(expected);
        const plain = decryptSops(after);
        const again = await encryptSops({ bytes: plain, format, file: "f", recipients, ...tools });
        const back = await openSops({ bytes: again, format, file: "f", identities: [key.opener] });
        // What a format cannot tell from a text comes back as one.
        expect(back.leaves.map((leaf) => String(leaf.value.reveal()))).toEqual(expected.map(String));
      });
    });
    await fc.assert(property, { numRuns: 120 });
  });
});

describe("bounds", () => {
  it.each<[string, string, string, SopsFormat]>([
    ["too many bytes", "x".repeat(101), "file.too-large", "env"],
    ["YAML too deep", "[".repeat(200), "secret.format", "yaml"],
    ["JSON too deep", `{"a":${"[".repeat(200)}`, "secret.format", "json"],
    ["aliases of aliases", bomb("x"), "secret.format", "yaml"],
    ["aliases of empty lists", bomb("[]"), "secret.format", "yaml"],
    ["bytes that are no UTF-8", "\xff", "file.encoding", "yaml"],
  ])("stop %s", async (what, text, code, format) => {
    const limits = what === "too many bytes" ? { ...defaultLimits, maxBytes: 100 } : defaultLimits;
    const bytes = Buffer.from(text, "latin1");
    const recipients = { recipients: [key.recipient] };
    await expect(
      encryptSops({ bytes, format, file: "f", recipients, limits, ...tools }),
    ).rejects.toMatchObject({ code });
    await expect(
      openSops({ bytes, format, file: "f", identities: [key.opener], limits }),
    ).rejects.toMatchObject({ code });
  });

  // Each of these takes minutes where a parser goes over it again and again.
  it.each<[string, SopsFormat, string]>([
    ["spaces in a block", "yaml", `a: |\n  ${" ".repeat(300_000)}x\n`],
    ["comments", "yaml", `${"# c\n".repeat(60_000)}a: 1\n`],
    ["comments below", "yaml", `a: 1\n${"# c\n".repeat(60_000)}`],
    ["brackets", "yaml", "[".repeat(300_000)],
    ["spaces without a value", "ini", `a${" ".repeat(300_000)}b\n`],
    ["brackets of sections", "ini", `[${"] ".repeat(200_000)}x\n`],
    ["backslashes", "json", `{"a": "${"\\\\".repeat(200_000)}`],
    ["nested metadata", "env", `A=1\nsops_a${"__map_a".repeat(100_000)}=1\nsops_mac=x\n`],
    ["one long line", "env", `A=${"x".repeat(1_000_000)}`],
  ])("are not needed for many %s (%s)", async (_what, format, text) => {
    const bytes = Buffer.from(text);
    const recipients = { recipients: [key.recipient] };
    await onlyLotseErrors(() => encryptSops({ bytes, format, file: "f", recipients, ...tools }));
    await onlyLotseErrors(() => openSops({ bytes, format, file: "f", identities: [key.opener] }));
  });

  function bomb(leaf: string): string {
    const lines = [`a0: &a0 [${leaf}]`];
    for (let at = 1; at < 12; at++)
      lines.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(", ")}]`);
    return `${lines.join("\n")}\n`;
  }
});
