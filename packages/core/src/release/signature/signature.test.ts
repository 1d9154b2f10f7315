import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { releaseIdOf, sealOf, type Release } from "../release.ts";
import { isSignedBy as check, newKey } from "../testing/keys.ts";
import { parseEnvelope, preAuthenticationEncoding, printEnvelope } from "./dsse.ts";
import { checkEnvelope, signRelease, type ReleaseKey } from "./statement.ts";
import { reportSignature, signatureError, type ReleaseSigner } from "./trust.ts";

function releaseOf(version: string): Release {
  const content = {
    schema: 2,
    version,
    code: "0".repeat(64),
    configurations: {},
    target: { type: "process" },
    commit: null,
  } as const;
  const record = {
    ...content,
    id: releaseIdOf(content),
    files: 0,
    bytes: 0,
    createdAt: "2026-01-01T00:00:00.000Z",
    createdBy: "user:ann",
  };
  return { ...record, seal: sealOf(record) };
}

const [ann, bob] = [newKey(), newKey()];
const release = releaseOf("1.0.0");
const signed = signRelease(release, ann);
const signer = (name: string, key: ReleaseKey, environments?: string[]): ReleaseSigner => ({
  name,
  key: key.publicKey,
  environments,
});

describe("DSSE", () => {
  it("encodes as its specification says", () => {
    // The example of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md (Apache-2.0).
    expect(preAuthenticationEncoding("http://example.com/HelloWorld", "hello world")).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
    expect(preAuthenticationEncoding("ä", "→")).toBe("DSSEv1 2 ä 3 →");
  });

  it("has one form only", () => {
    const envelope = parseEnvelope(signed);
    expect(envelope === null ? "" : printEnvelope(envelope)).toBe(signed);
    for (const other of [`${signed} `, signed.replace(",", ", "), "{}", "", "null", "[]"]) {
      expect(parseEnvelope(other)).toBeNull();
    }
  });

  it("holds an in-toto statement that names the record", () => {
    const payload = Buffer.from(parseEnvelope(signed)?.payload ?? "", "base64").toString("utf8");
    expect(JSON.parse(payload)).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [
        { name: `releases/${release.id}.json`, digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) } },
      ],
      predicate: { release: release.id, version: "1.0.0" },
    });
  });
});

describe("the signature of a release", () => {
  it("is good for this release and no other", () => {
    expect(checkEnvelope(signed, release, check)).toEqual({ ok: true, keys: [ann.publicKey] });
    expect(checkEnvelope(signed, releaseOf("1.0.1"), check)).toMatchObject({ ok: false });
    const resealed = { ...release, createdBy: "user:mallory" };
    expect(checkEnvelope(signed, { ...resealed, seal: sealOf(resealed) }, check)).toMatchObject({
      ok: false,
    });
  });

  it("is not good after any byte of it was changed", () => {
    const bytes = Buffer.from(signed);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(checkEnvelope(changed.toString("utf8"), release, check).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it("may be of several, each once", () => {
    const both = signRelease(release, bob, signed);
    expect(checkEnvelope(both, release, check)).toEqual({ ok: true, keys: [ann.publicKey, bob.publicKey] });
    const again = signRelease(release, bob, both);
    expect(checkEnvelope(again, release, check)).toEqual({ ok: true, keys: [ann.publicKey, bob.publicKey] });
  });

  const wrong = signed.replace(/(?<="sig":")./u, (first) => (first === "A" ? "B" : "A"));
  it.each<[string, string | null, ReleaseSigner[], string | undefined, string, string | null]>([
    ["nobody listed, unsigned", null, [], undefined, "unsigned", null],
    ["nobody listed, signed by somebody", signed, [], undefined, "unknown", null],
    ["nobody listed, wrong", wrong, [], undefined, "wrong", "the signature does not fit the release"],
    ["listed, unsigned", null, [signer("ann", ann)], undefined, "unsigned", "it is not signed"],
    ["listed, signed", signed, [signer("ann", ann)], undefined, "trusted", null],
    [
      "listed, by another",
      signed,
      [signer("bob", bob)],
      undefined,
      "unknown",
      "it is signed by a key that lotse.yml does not list",
    ],
    ["listed for here", signed, [signer("ann", ann, ["prod"])], "prod", "trusted", null],
    [
      "listed for elsewhere",
      signed,
      [signer("ann", ann, ["dev"])],
      "prod",
      "unknown",
      "ann may not sign for prod",
    ],
    [
      "listed for one environment, asked for none",
      signed,
      [signer("ann", ann, ["dev"])],
      undefined,
      "trusted",
      null,
    ],
  ])("%s", (_, envelope, signers, environment, state, problem) => {
    const report = reportSignature(release, envelope, { signers, check }, environment);
    expect(report).toMatchObject({ state, problem });
  });

  it("tells what to do where it is not trusted", () => {
    const error = signatureError(release, "it is not signed");
    expect(error.code).toBe("release.signature");
    expect(error.hint).toContain("lotse release sign");
  });
});
