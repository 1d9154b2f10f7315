import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { additionalDataOf, openEnvelope, parseEnvelope, sealEnvelope } from "./envelope.ts";
import type { Plain, PlainType } from "./model.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
const plain =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const additional = "feedfacedeadbeeffeedfacedeadbeefabaddad2";

/** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 14, 16 and 17. */
const vectors = [
  {
    name: "14: no additional data, IV of 12 bytes",
    key: Buffer.alloc(32),
    plain: "00".repeat(16),
    additional: "",
    iv: "00".repeat(12),
    data: "cea7403d4d606b6e074ec5d3baf39d18",
    tag: "d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "16: additional data, IV of 12 bytes",
    key,
    plain,
    additional,
    iv: "cafebabefacedbaddecaf888",
    data: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
  {
    name: "17: IV of 8 bytes",
    key,
    plain,
    additional,
    iv: "cafebabefacedbad",
    data: "c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0feb582d33934a4f0954cc2363bc73f7862ac430e64abe499f47c9b1f",
    tag: "3a337dbf46a792c45e454913fe2ea8f2",
  },
];

describe("AES-256-GCM", () => {
  // The additional data of the vectors is no text, so it is fed through latin1 where it is ASCII only.
  it.each(vectors.filter((vector) => vector.additional === ""))(
    "fits the published vector $name",
    (vector) => {
      const text = sealEnvelope({ type: "bytes", bytes: hex(vector.plain) }, vector.key, "", hex(vector.iv));
      const sealed = parseEnvelope(text);
      expect(sealed?.data.toString("hex")).toBe(vector.data);
      expect(sealed?.tag.toString("hex")).toBe(vector.tag);
    },
  );

  it.each(vectors)("encrypts as the published vector $name does, whatever the tag", (vector) => {
    // The ciphertext does not depend on the additional data.
    const text = sealEnvelope({ type: "bytes", bytes: hex(vector.plain) }, vector.key, "", hex(vector.iv));
    expect(parseEnvelope(text)?.data.toString("hex")).toBe(vector.data);
  });
});

const place = fc.array(fc.oneof(fc.string(), fc.nat(5)), { minLength: 1, maxLength: 4 });

describe("an encrypted value", () => {
  it("opens with its key at its place only", () => {
    const property = fc.property(fc.uint8Array({ minLength: 1 }), place, place, (bytes, path, other) => {
      const value: Plain = { type: "str", bytes: Buffer.from(bytes) };
      const text = sealEnvelope(value, key, additionalDataOf(path), Buffer.alloc(32, 7));
      const envelope = parseEnvelope(text);
      if (envelope === undefined) throw new Error("not an envelope");
      expect(openEnvelope(envelope, key, additionalDataOf(path))).toEqual(value);
      expect(openEnvelope(envelope, Buffer.alloc(32, 1), additionalDataOf(path))).toBeUndefined();
      if (additionalDataOf(path) !== additionalDataOf(other)) {
        expect(openEnvelope(envelope, key, additionalDataOf(other))).toBeUndefined();
      }
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("is refused with any byte of data, IV or tag changed", () => {
    const text = sealEnvelope(
      { type: "str", bytes: Buffer.from("a secret") },
      key,
      "a:",
      Buffer.alloc(32, 7),
    );
    const envelope = parseEnvelope(text);
    if (envelope === undefined) throw new Error("not an envelope");
    for (const part of ["data", "iv", "tag"] as const) {
      for (let at = 0; at < envelope[part].length; at++) {
        const changed = Buffer.from(envelope[part]);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(openEnvelope({ ...envelope, [part]: changed }, key, "a:")).toBeUndefined();
      }
    }
  });

  it.each([
    ["cut off", "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str"],
    ["with text behind it", "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str] x"],
    ["with a short tag", "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AAAA,type:str]"],
    ["with an unknown type", "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:list]"],
    ["with loose base64", "ENC[AES256_GCM,data:AB==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"],
    ["of another cipher", "ENC[AES128_GCM,data:AA==,iv:AA==,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"],
  ])("is none %s", (_what, text) => {
    expect(parseEnvelope(text)).toBeUndefined();
  });

  it.each<[PlainType, string, string | undefined]>([
    ["int", "+12", "12"],
    ["int", "9223372036854775808", undefined],
    ["int", "1.0", undefined],
    ["float", "1.50", "1.5"],
    ["float", "1e21", "1000000000000000000000"],
    ["float", "x", undefined],
    ["bool", "true", "True"],
    ["bool", "yes", undefined],
    ["time", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"],
    ["time", "2026-01-02", undefined],
  ])("of type %s with the plaintext %s reads as %s", (type, text, expected) => {
    const sealed = parseEnvelope(
      sealEnvelope({ type, bytes: Buffer.from(text) }, key, "a:", Buffer.alloc(32)),
    );
    const opened = sealed === undefined ? undefined : openEnvelope(sealed, key, "a:");
    expect(opened?.bytes.toString()).toBe(expected);
  });

  it("that is empty stays empty", () => {
    expect(sealEnvelope({ type: "str", bytes: Buffer.alloc(0) }, key, "a:", Buffer.alloc(32))).toBe("");
  });
});

describe("the additional data", () => {
  it.each([
    [["a"], "a:"],
    [["a", "b"], "a:b:"],
    [["a", 0, "b", 12], "a:b:"],
    [[], ":"],
    [[""], ":"],
  ])("of %j is %s", (path, expected) => {
    expect(additionalDataOf(path)).toBe(expected);
  });
});
