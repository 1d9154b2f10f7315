import { mkdtemp, readFile, rm, stat, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { emptyRoot } from "../merkle/hash.ts";
import {
  cosignCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  readCheckpoint,
  signCheckpoint,
} from "./checkpoint.ts";
import { keyFromFile, readKeyFile } from "./key-file.ts";
import { formatSignerKey, parseSignerKey, parseVerifierKey, signerFrom } from "./key.ts";
import { formatNote, openNote, parseNote } from "./note.ts";

// From the tests of golang.org/x/mod/sumdb/note (BSD-3-Clause), which signed notes come from.
const peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const enochKey = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const peterSig =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const enochSig =
  "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

const peter = parseVerifierKey(peterKey);
const enoch = parseVerifierKey(enochKey);
const malformed = expect.objectContaining({ code: "audit.checkpoint" });

describe("keys, by the published vectors", () => {
  it("are read and written", () => {
    expect([peter.name, peter.id, peter.text]).toEqual(["PeterNeumann", "c74f20a3", peterKey]);
    const signer = parseSignerKey(new Sensitive(peterSecret));
    expect(signer.key.text).toBe(peterKey);
    const seed = Buffer.from(peterSecret.split("+").slice(4).join("+"), "base64").subarray(1);
    expect(formatSignerKey(signer, new Sensitive(seed))).toBe(peterSecret);
  });

  it("are refused when any part of them is missing or changed", () => {
    const parts = Array.from({ length: peterKey.length }, (_, at) => [
      peterKey.slice(0, at),
      peterKey.slice(at + 1),
      peterKey.slice(0, at) + String.fromCharCode(peterKey.charCodeAt(at) + 1) + peterKey.slice(at + 1),
    ]).flat();
    for (const part of parts) expect(() => parseVerifierKey(part), part).toThrow(malformed);
    const secrets = Array.from({ length: peterSecret.length }, (_, at) => [
      peterSecret.slice(0, at),
      peterSecret.slice(at + 1),
    ]).flat();
    for (const part of secrets) expect(() => parseSignerKey(new Sensitive(part))).toThrow(malformed);
  });

  it.each([
    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  ])("of another kind are refused: %s", (key) => {
    expect(() => parseVerifierKey(key)).toThrow(malformed);
  });

  it("never show a private key in an error", () => {
    const wrong = peterSecret.replace("c74f20a3", "00000000");
    expect(() => parseSignerKey(new Sensitive(wrong))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("AYEKF") as string }),
    );
  });
});

describe("notes, by the published vectors", () => {
  it("are signed to the byte", () => {
    const signer = parseSignerKey(new Sensitive(peterSecret));
    const { name, id } = signer.key;
    const note = formatNote({ text, signatures: [{ name, id, signature: signer.sign(text) }] });
    expect(note).toBe(`${text}\n${peterSig}`);
  });

  it("count the keys that are known, and ignore the others", () => {
    const note = `${text}\n${peterSig}${enochSig}`;
    expect(openNote(note, [peter]).keys).toEqual([peter]);
    expect(openNote(note, [peter, enoch]).keys).toEqual([peter, enoch]);
    expect(openNote(note, [peter]).text).toBe(text);
    expect(openNote(`${text}\n${peterSig}${peterSig}${enochSig}`, [peter]).keys).toEqual([peter]);
    expect(() => openNote(note, [])).toThrow(malformed);
    expect(() => openNote(`${text}\n${enochSig}`, [peter])).toThrow(malformed);
  });

  it.each([
    ["no signatures", text],
    ["an empty list of signatures", `${text}\n`],
    ["no last line break", `${text}\n${peterSig.slice(0, -1)}`],
    ["a control character", `\u0001${text}\n${peterSig}`],
    ["half a character", `\uD800${text}\n${peterSig}`],
    ["a name with a space", `${text}\n— Bad Name ${peterSig.split(" ")[2]}`],
    ["a line that is no signature", `${text}\n${peterSig}Unexpected line.\n`],
    ["too many signatures", `${text}\n${peterSig.repeat(101)}`],
    ["a wrong signature by a known key", `${text}\n${peterSig.slice(0, 60)}ABCD${peterSig.slice(60)}`],
    ["another text", `${text.replace("answer", "Answer")}\n${peterSig}`],
  ])("with %s are refused", (_, note) => {
    expect(() => openNote(note, [peter])).toThrow(malformed);
  });

  it("survive being taken apart and put together", () => {
    const line = fc.string({ unit: "grapheme" }).filter((part) => !/\p{Cc}|\p{Cs}/u.test(part));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), (lines) => {
        const signer = parseSignerKey(new Sensitive(peterSecret));
        const body = `${lines.join("\n")}\n`;
        const { name, id } = signer.key;
        const note = formatNote({ text: body, signatures: [{ name, id, signature: signer.sign(body) }] });
        expect(formatNote(parseNote(note))).toBe(note);
        expect(openNote(note, [peter]).text).toBe(body);
      }),
    );
  });

  it("that are anything at all are refused, never accepted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (junk) => {
        expect(() => openNote(junk, [peter])).toThrow(malformed);
      }),
    );
  });
});

describe("checkpoints", () => {
  const signer = signerFrom("lotse/test/1", new Sensitive(Buffer.alloc(32, 7)));
  const cosigner = signerFrom("example.com/second", new Sensitive(Buffer.alloc(32, 9)), "cosignature");
  const checkpoint = { origin: "lotse/test/1", size: 20_852_163, root: emptyRoot() };
  const time = new Date("2023-03-20T12:12:27.900Z");

  it("have the published form", () => {
    // The example of https://c2sp.org/tlog-checkpoint.
    const example =
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    const read = readCheckpoint(example);
    expect([read.origin, read.size]).toEqual(["example.com/behind-the-sofa", 20_852_163]);
    expect(read.root.toString("hex")).toBe(
      "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62",
    );
    expect(signCheckpoint(checkpoint, signer)).toMatch(
      /^lotse\/test\/1\n20852163\n47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— lotse\/test\/1 \S+\n$/u,
    );
  });

  it("open with the key that signed them", () => {
    const note = signCheckpoint(checkpoint, signer);
    expect(openCheckpoint(note, [signer.key])).toEqual(checkpoint);
    const other = signerFrom("lotse/test/1", new Sensitive(Buffer.alloc(32, 8)));
    expect(() => openCheckpoint(note, [other.key])).toThrow(malformed);
    expect(() => openCheckpoint(note.replace("20852163", "20852164"), [signer.key])).toThrow(malformed);
  });

  it("are cosigned over header, time and text", () => {
    const note = cosignCheckpoint(signCheckpoint(checkpoint, signer), cosigner, time);
    expect(openCheckpoint(note, [signer.key, cosigner.key])).toEqual(checkpoint);
    const { signature } = parseNote(note).signatures[1] as { signature: Buffer };
    expect(signature.readBigUInt64BE(0)).toBe(1_679_314_347n);
    const { text } = parseNote(note);
    // By the format itself, without our code in between.
    const message = `cosignature/v1\ntime 1679314347\n${text}`;
    expect(cosigner.key.verify(message, signature.subarray(8))).toBe(true);
    expect(cosigner.key.text).toMatch(/^example\.com\/second\+[0-9a-f]{8}\+B/u);
  });

  it("need all the signatures that are asked for, and a cosigner signs once", () => {
    const note = signCheckpoint(checkpoint, signer);
    expect(() => openCheckpoint(note, [signer.key, cosigner.key])).toThrow(malformed);
    const twice = cosignCheckpoint(cosignCheckpoint(note, cosigner, time), cosigner, new Date(0));
    expect(parseNote(twice).signatures).toHaveLength(2);
    expect(openCheckpoint(twice, [signer.key, cosigner.key])).toEqual(checkpoint);
  });

  it.each([
    ["no origin", "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"],
    ["a leading zero", "o\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"],
    ["a negative size", "o\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"],
    ["a size beyond counting", "o\n99999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"],
    ["a short root", "o\n1\n47DEQg==\n"],
    ["no line break", "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    ["an empty extension", "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nx\n"],
  ])("with %s are refused", (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(malformed);
  });

  it("may have extension lines", () => {
    expect(parseCheckpoint("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n").size).toBe(0);
  });
});

describe("key files", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lotse-key-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("are made once, for this user alone, whoever comes first", async () => {
    const path = join(directory, "key");
    const made = await Promise.all([1, 2, 3, 4].map((at) => keyFromFile(path, `lotse/${at}`)));
    expect(new Set(made.map(({ key }) => key.text)).size).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readKeyFile(path))?.key.text).toBe(made[0]?.key.text);
    expect(await readFile(path, "utf8")).toMatch(/^PRIVATE\+KEY\+lotse\/\d\+/u);
  });

  it("that others may read, or that are none, are refused", async () => {
    const path = join(directory, "key");
    expect(await readKeyFile(path)).toBeNull();
    await keyFromFile(path, "lotse/x");
    await chmod(path, 0o644);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: "audit.unavailable" });
    await writeFile(path, "nonsense", { mode: 0o600 });
    await chmod(path, 0o600);
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: "audit.checkpoint" });
  });
});
