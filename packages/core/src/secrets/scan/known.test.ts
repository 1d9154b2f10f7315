import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { indexKnownValues, knownIndexSchema, scanText, searchKnownValues } from "./index.ts";

const key = new Sensitive<Uint8Array>(Buffer.alloc(32, 7));
const known = (...values: readonly string[]) =>
  indexKnownValues(
    key,
    values.map((value, index) => ({ name: `secret.${index}`, value: new Sensitive(value) })),
  );

describe("values that Lotse keeps", () => {
  const value = "plain words? as/a passwörd";
  const bytes = Buffer.from(value);

  it.each([
    ["raw", value],
    ["base64", bytes.toString("base64")],
    ["base64url", bytes.toString("base64url")],
    ["hex", bytes.toString("hex")],
    ["percent", encodeURIComponent(value)],
  ])("are found as %s, at their place", async (form, text) => {
    const scan = { known: searchKnownValues(key, known("another value", value)), rules: [] };
    const [finding, ...more] = await scanText({ text: `ö\n ö=${text};`, file: "a.txt" }, scan);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: "known-secret", line: 2, column: 4 });
    expect(finding?.message).toContain("secret.1");
    expect(finding?.message.includes(`as ${form}`)).toBe(form !== "raw");
  });

  it("come before other rules, also in lock files", async () => {
    const value = ["a1b2C3d4", "E5f6G7h8i9"].join("");
    const scan = { known: searchKnownValues(key, known(value)) };
    const findings = await scanText({ text: `password: "${value}"`, file: "yarn.lock" }, scan);
    expect(findings.map(({ rule }) => rule)).toEqual(["known-secret"]);
  });

  it("shorter than eight bytes are left out unless asked for", () => {
    const short = [{ name: "pin", value: new Sensitive("4711x") }];
    expect(indexKnownValues(key, short).entries.filter(({ form }) => form === "raw")).toEqual([]);
    const index = indexKnownValues(key, short, { minimumBytes: 4 });
    expect(searchKnownValues(key, index)("a 4711x b")).toHaveLength(1);
  });

  it("are in the index under their name alone, and need the key to be found", () => {
    const index = known(value);
    const printed = JSON.stringify(index);
    expect(knownIndexSchema.parse(JSON.parse(printed))).toEqual(index);
    for (const form of [value, "plain", bytes.toString("hex"), bytes.toString("base64")])
      expect(printed).not.toContain(form);
    expect(searchKnownValues(new Sensitive<Uint8Array>(Buffer.alloc(32, 8)), index)(value)).toEqual([]);
  });

  it("are found wherever they stand, and nothing else is", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "ö", "😀", "\n"), maxLength: 80 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), text, (values, all) => {
        const kept = values.map((item) => item.trim()).filter((item) => Buffer.byteLength(item) >= 8);
        const found = searchKnownValues(key, known(...values))(all + kept.join("b"));
        const whole = all + kept.join("b");
        for (const { start, end } of found) expect(kept).toContain(whole.slice(start, end));
        for (const item of kept)
          expect(found.some(({ start, end }) => whole.slice(start, end) === item)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
