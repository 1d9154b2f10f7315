import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLotseError } from "../../kernel/index.ts";
import { checkManifest, type Binding, type ManifestCheck } from "./check.ts";
import {
  manifestDigest,
  parseManifest,
  printManifest,
  signManifest,
  type Manifest,
  type ManifestBody,
} from "./manifest.ts";
import { isSignedBy, newSigningKey, readSigningKey } from "./signing-key.ts";
import { structureDigest, type StructureLeaf } from "./structure.ts";

const { key, pem } = newSigningKey();
const other = newSigningKey().key;

const leaves: readonly StructureLeaf[] = [
  { path: ["spotify", "api_key"], type: "str", encrypted: true, text: "ENC[one]" },
  { path: ["spotify", "user"], type: "str", encrypted: false, text: "lotse" },
  { path: ["hosts", 0], type: "str", encrypted: false, text: "ab" },
  { path: ["hosts", 1], type: "str", encrypted: false, text: "c" },
];

const binding: Binding = {
  workspace: "shop",
  file: "environments/prod/secrets/tenants/acme.yml",
  environment: "prod",
  tenant: "acme",
  incoming: null,
};

function bodyOf(change: Partial<ManifestBody> = {}): ManifestBody {
  return {
    schema: 1,
    ...binding,
    version: 3,
    previous: null,
    structure: structureDigest(leaves),
    recipients: ["age1abc"],
    values: {
      "spotify.api_key": {
        version: 2,
        changedAt: "2026-11-01T00:00:00.000Z",
        changedBy: "user:ada",
        token: "0".repeat(16),
      },
    },
    removed: {},
    signedAt: "2026-11-01T00:00:00.000Z",
    signer: { name: "ada", key: "" },
    ...change,
  };
}

function checkOf(change: Partial<ManifestCheck> = {}): ManifestCheck {
  return {
    manifest: signManifest(bodyOf(), key),
    binding,
    structure: structureDigest(leaves),
    recipients: ["age1abc"],
    signers: [{ name: "ada", key: key.publicKey }],
    seen: undefined,
    ...change,
  };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isLotseError(error)) return error.code;
    throw error;
  }
  return "good";
}

const seenOf = (manifest: Manifest, version = manifest.version) => ({
  version,
  digest: manifestDigest(manifest),
  signer: manifest.signer.key,
});

describe("structureDigest", () => {
  const changed: readonly (readonly [string, readonly StructureLeaf[]])[] = [
    ["a key that is renamed", leaves.with(1, { ...leaves[1]!, path: ["spotify", "name"] })],
    [
      "bytes that move between neighbours",
      [...leaves.slice(0, 2), { ...leaves[2]!, text: "a" }, { ...leaves[3]!, text: "bc" }],
    ],
    ["another order", [leaves[1]!, leaves[0]!, ...leaves.slice(2)]],
    ["a key in place of an index", leaves.with(2, { ...leaves[2]!, path: ["hosts", "0"] })],
    ["a value that was encrypted and is not", leaves.with(0, { ...leaves[0]!, encrypted: false })],
    ["another type", leaves.with(1, { ...leaves[1]!, type: "int" })],
    ["one leaf less", leaves.slice(1)],
  ];
  it.each(changed)("tells %s", (_, other) => {
    expect(structureDigest(other)).not.toBe(structureDigest(leaves));
  });

  it("is equal only for equal leaves", () => {
    const leaf = fc.record({
      path: fc.array(fc.oneof(fc.string(), fc.nat(3)), { maxLength: 3 }),
      type: fc.constantFrom("str", "int"),
      encrypted: fc.boolean(),
      text: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 4 }), fc.array(leaf, { maxLength: 4 }), (left, right) => {
        const equal = JSON.stringify(left) === JSON.stringify(right);
        expect(structureDigest(left) === structureDigest(right)).toBe(equal);
      }),
    );
  });
});

describe("checkManifest", () => {
  it("accepts the file it was made for, also in a newer version than was seen", () => {
    const before = signManifest(bodyOf({ version: 2 }), key);
    expect(codeOf(() => checkManifest(checkOf({ seen: seenOf(before) })))).toBe("good");
    const { manifest } = checkOf();
    expect(codeOf(() => checkManifest(checkOf({ seen: seenOf(manifest) })))).toBe("good");
  });

  const refused: readonly (readonly [string, Partial<ManifestCheck>, string])[] = [
    ["a file of another tenant", { binding: { ...binding, tenant: "globex" } }, "secret.manifest"],
    ["a file of another environment", { binding: { ...binding, environment: "dev" } }, "secret.manifest"],
    ["a file at another path", { binding: { ...binding, file: "x.yml" } }, "secret.manifest"],
    ["a file of another workspace", { binding: { ...binding, workspace: "bar" } }, "secret.manifest"],
    ["another structure", { structure: structureDigest(leaves.slice(1)) }, "secret.manifest"],
    ["other recipients", { recipients: ["age1abc", "age1evil"] }, "secret.manifest"],
    ["an old version", { seen: seenOf(signManifest(bodyOf(), key), 4) }, "secret.manifest"],
    [
      "another file of the same version",
      { seen: { ...seenOf(signManifest(bodyOf({ structure: "0".repeat(64) }), key)) } },
      "secret.manifest",
    ],
    ["a signer that is not listed", { signers: [{ name: "bob", key: other.publicKey }] }, "secret.signature"],
    [
      "a signer who may not sign for this environment",
      { signers: [{ name: "ada", key: key.publicKey, environments: ["dev"] }] },
      "secret.signature",
    ],
    [
      "another signer of the same version where none is listed",
      { signers: [], seen: seenOf(signManifest(bodyOf(), other)) },
      "secret.signature",
    ],
  ];
  it.each(refused)("refuses %s", (_, change, code) => {
    expect(codeOf(() => checkManifest(checkOf(change)))).toBe(code);
  });

  it("refuses a manifest in which anything was changed after it was signed", () => {
    const good = signManifest(bodyOf(), key);
    const text = printManifest(good);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 }), (at, by) => {
        const bytes = Buffer.from(text);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        const code = codeOf(() => {
          const manifest = parseManifest(bytes, "m.json");
          // White space may change without a change of meaning.
          if (JSON.stringify(manifest) === JSON.stringify(good)) return;
          checkManifest(checkOf({ manifest }));
        });
        if (bytes.toString("utf8").replaceAll(/\s/gu, "") !== text.replaceAll(/\s/gu, "")) {
          expect(code).not.toBe("good");
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("signing keys", () => {
  it("sign what only their public half verifies", () => {
    const again = readSigningKey(pem, "signing.key");
    expect(again.publicKey).toBe(key.publicKey);
    expect(isSignedBy(key.publicKey, "text", again.sign("text"))).toBe(true);
    expect(isSignedBy(key.publicKey, "text!", again.sign("text"))).toBe(false);
    expect(isSignedBy(other.publicKey, "text", again.sign("text"))).toBe(false);
  });

  it("verify the published example of Ed25519, RFC 8032 section 7.1, test 2", () => {
    const publicKey = Buffer.from("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "hex");
    const signature = Buffer.from(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
      "hex",
    );
    expect(isSignedBy(`ed25519:${publicKey.toString("base64")}`, "r", signature.toString("base64"))).toBe(
      true,
    );
    expect(isSignedBy(`ed25519:${publicKey.toString("base64")}`, "s", signature.toString("base64"))).toBe(
      false,
    );
  });

  it.each([["no pem"], ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]])(
    "refuse %j",
    (text) => {
      expect(codeOf(() => readSigningKey(text, "k"))).toBe("secret.identity");
    },
  );

  it.each([["ed25519:AAAA"], ["rsa:x"], [""]])("are not %j", (publicKey) => {
    expect(isSignedBy(publicKey, "text", key.sign("text"))).toBe(false);
  });
});
