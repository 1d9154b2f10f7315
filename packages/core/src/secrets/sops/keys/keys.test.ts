import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLotseError, Sensitive, type Exec } from "../../../kernel/index.ts";
import { makeAgeKey, type TestKey } from "../testing/keys.ts";
import { ageWrapper, isSameRecipient, sshOpener } from "./age.ts";
import { identitiesFromEnvironment, parseIdentities } from "./identities.ts";
import type { KeyOpener } from "./port.ts";
import { parseSshPublicKey } from "./ssh-key.ts";
import { basePoint, montgomeryOf, x25519 } from "./x25519.ts";

const has = (program: string, flag: string): boolean => spawnSync(program, [flag]).error === undefined;
const wrapper = ageWrapper((size) => Uint8Array.from(randomBytes(size)));
const dataKey = Uint8Array.from({ length: 32 }, (_, at) => at);
let directory: string;
let age: TestKey;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "keys-test-"));
  age = await makeAgeKey();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function wrapAndOpen(recipient: string, opener: KeyOpener): Promise<Uint8Array | null> {
  const entry = await wrapper.wrap(recipient, dataKey);
  if (entry === null) throw new Error("not wrapped");
  return opener.open(entry);
}

/** SSH keys by ssh-keygen: type, further arguments. */
const sshTypes: [string, string[]][] = [
  ["ed25519", []],
  ["rsa", ["-b", "2048"]],
  ["rsa", ["-b", "3072", "-m", "PEM"]],
  ["rsa", ["-b", "2048", "-m", "PKCS8"]],
];

describe.runIf(has("ssh-keygen", "-?"))("an SSH key", () => {
  let count = 0;
  function makeSshKey(
    type: string,
    more: readonly string[],
    passphrase = "",
  ): { path: string; publicLine: string } {
    const path = join(directory, `ssh-${(count += 1)}`);
    execFileSync("ssh-keygen", ["-q", "-t", type, ...more, "-N", passphrase, "-C", "some one", "-f", path]);
    return { path, publicLine: readFileSync(`${path}.pub`, "utf8").trim() };
  }

  it.each(sshTypes)("%s %j opens what is wrapped for it and nothing else", async (type, more) => {
    const { path, publicLine } = makeSshKey(type, more);
    const opener = sshOpener(new Sensitive(readFileSync(path, "utf8")), path);
    expect(await wrapAndOpen(publicLine, opener)).toEqual(dataKey);
    expect(await wrapAndOpen(age.recipient, opener)).toBeNull();
    expect(await wrapAndOpen(makeSshKey(type, []).publicLine, opener)).toBeNull();
  });

  it.runIf(has("age", "--version")).each(sshTypes)(
    "%s %j: age opens what is wrapped here, and the other way round",
    async (type, more) => {
      const { path, publicLine } = makeSshKey(type, more);
      const entry = await wrapper.wrap(publicLine, dataKey);
      const opened = execFileSync("age", ["-d", "-i", path], { input: entry?.enc ?? "" });
      expect(Uint8Array.from(opened)).toEqual(dataKey);
      const enc = execFileSync("age", ["-a", "-r", publicLine], { input: dataKey }).toString();
      const opener = sshOpener(new Sensitive(readFileSync(path, "utf8")), path);
      const back = await opener.open({ kind: "age", id: publicLine, enc, fields: new Map() });
      expect(Uint8Array.from(back ?? [])).toEqual(dataKey);
    },
  );

  it.each([
    ["ed25519", []],
    ["rsa", ["-m", "PEM"]],
    ["rsa", ["-m", "PKCS8"]],
  ] as [string, string[]][])(
    "%s %j with a passphrase is refused with a hint, and shows nothing",
    (type, more) => {
      const { path } = makeSshKey(type, more, "secret words");
      const text = readFileSync(path, "utf8");
      expect(() => sshOpener(new Sensitive(text), path)).toThrow(
        expect.objectContaining({
          code: "secret.identity",
          hint: expect.stringContaining("ssh-keygen") as string,
        }) as Error,
      );
    },
  );

  it("that is neither Ed25519 nor RSA is refused", () => {
    const { path, publicLine } = makeSshKey("ecdsa", []);
    expect(() => sshOpener(new Sensitive(readFileSync(path, "utf8")), path)).toThrow(
      expect.objectContaining({ code: "secret.identity" }) as Error,
    );
    expect(() => parseSshPublicKey(publicLine)).toThrow(
      expect.objectContaining({ code: "secret.recipient" }) as Error,
    );
  });

  it("that is broken anywhere is refused with a Lotse error", () => {
    const { path } = makeSshKey("ed25519", []);
    const text = readFileSync(path, "utf8");
    const property = fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, insert) => {
      try {
        sshOpener(new Sensitive(text.slice(0, at) + insert + text.slice(at + 1)), path);
      } catch (error) {
        expect(isLotseError(error)).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("an age key", () => {
  it("opens what is wrapped for it", async () => {
    expect(await wrapAndOpen(age.recipient, age.opener)).toEqual(dataKey);
    expect(await wrapAndOpen((await makeAgeKey()).recipient, age.opener)).toBeNull();
  });

  it.runIf(has("age", "--version"))("is understood by age in both directions", async () => {
    const path = join(directory, "age.txt");
    writeFileSync(path, `# made by a test\n${age.secret}\n`);
    const entry = await wrapper.wrap(age.recipient, dataKey);
    expect(Uint8Array.from(execFileSync("age", ["-d", "-i", path], { input: entry?.enc ?? "" }))).toEqual(
      dataKey,
    );
    const enc = execFileSync("age", ["-a", "-r", age.recipient], { input: dataKey }).toString();
    expect(await age.opener.open({ kind: "age", id: age.recipient, enc, fields: new Map() })).toEqual(
      dataKey,
    );
  });

  it("throws where something for it is broken", async () => {
    const entry = await wrapper.wrap(age.recipient, dataKey);
    if (entry === null) throw new Error("not wrapped");
    const broken = {
      ...entry,
      enc: entry.enc.replace(/\n(.)/u, (_all, first: string) => `\n${first === "A" ? "B" : "A"}`),
    };
    await expect(age.opener.open(broken)).rejects.toMatchObject({ code: "secret.identity" });
  });

  it.each(["age1nonsense", "ssh-ed25519 AAAA", "ssh-rsa", "age1"])(
    "%s is no recipient",
    async (recipient) => {
      await expect(wrapper.wrap(recipient, dataKey)).rejects.toMatchObject({ code: "secret.recipient" });
    },
  );

  it("is the same with another comment behind it", () => {
    expect(isSameRecipient("ssh-ed25519 AAAA me@there", "ssh-ed25519  AAAA")).toBe(true);
    expect(isSameRecipient("ssh-ed25519 AAAA", "ssh-ed25519 AAAB")).toBe(false);
  });
});

describe("X25519", () => {
  // RFC 7748, section 5.2.
  it("fits the published vector", () => {
    const hex = (text: string): Buffer => Buffer.from(text, "hex");
    const scalar = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const point = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    expect(x25519(scalar, point)?.toString("hex")).toBe(
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    );
  });

  it("has no result for a point of low order", () => {
    expect(x25519(randomBytes(32), Buffer.alloc(32))).toBeUndefined();
  });

  it("has the public key of an Ed25519 key's scalar as its Montgomery form", () => {
    // The base point of Ed25519 is the base point of X25519 (RFC 7748, section 4.1).
    const edwardsBase = Buffer.from(`58${"66".repeat(31)}`, "hex");
    expect(montgomeryOf(edwardsBase)).toEqual(basePoint);
    expect(montgomeryOf(Buffer.from(`01${"00".repeat(31)}`, "hex"))).toBeUndefined();
  });
});

describe("identities from the environment", () => {
  const noExec: Exec = async () => ({ status: 1, stdout: "", stderr: "" });
  const names = async (
    variables: Record<string, string>,
    exec = noExec,
    home = directory,
  ): Promise<string[]> =>
    (await identitiesFromEnvironment(variables, exec, home)).map((opener) => opener.name);

  it("come from every place that sops looks at", async () => {
    const home = join(directory, "home");
    mkdirSync(join(home, ".config", "sops", "age"), { recursive: true });
    mkdirSync(join(home, ".ssh"));
    writeFileSync(
      join(home, ".config", "sops", "age", "keys.txt"),
      `# c\n\n${age.secret}\n${(await makeAgeKey()).secret}\n`,
    );
    const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    writeFileSync(join(home, ".ssh", "id_ed25519"), pem);
    writeFileSync(
      join(home, ".ssh", "id_rsa"),
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    const file = join(directory, "key.txt");
    writeFileSync(file, age.secret);
    const asked: unknown[] = [];
    const exec: Exec = async (program, args) => {
      asked.push([program, ...args]);
      return { status: 0, stdout: `${age.secret}\n`, stderr: "" };
    };
    const variables = {
      SOPS_AGE_KEY: age.secret,
      SOPS_AGE_KEY_FILE: file,
      SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(home, ".ssh", "id_ed25519"),
      SOPS_AGE_KEY_CMD: "vault read 'a b' \"c\\\"d\" '$HOME;x'",
    };
    expect(await names(variables, exec, home)).toEqual([
      "SOPS_AGE_KEY",
      `SOPS_AGE_KEY_FILE (${file})`,
      `SOPS_AGE_SSH_PRIVATE_KEY_FILE (${join(home, ".ssh", "id_ed25519")})`,
      "SOPS_AGE_KEY_CMD",
      join(home, ".config", "sops", "age", "keys.txt"),
      join(home, ".config", "sops", "age", "keys.txt"),
      join(home, ".ssh", "id_ed25519"),
    ]);
    expect(asked).toEqual([["vault", "read", "a b", 'c"d', "$HOME;x"]]);
  });

  it("are none without any", async () => {
    expect(await names({}, noExec, join(directory, "nobody"))).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ["a file that is not there", { SOPS_AGE_KEY_FILE: "/nonexistent/key" }],
    ["a command that fails", { SOPS_AGE_KEY_CMD: "false" }],
    ["a command with an open quote", { SOPS_AGE_KEY_CMD: "a 'b" }],
    ["what is no key", { SOPS_AGE_KEY: "AGE-SECRET-KEY-1NONSENSE" }],
    ["a plugin's key", { SOPS_AGE_KEY: "AGE-PLUGIN-YUBIKEY-1QQQ" }],
    [
      "a protected key file",
      { SOPS_AGE_KEY: "-----BEGIN AGE ENCRYPTED FILE-----\nx\n-----END AGE ENCRYPTED FILE-----\n" },
    ],
    ["a broken PGP key", { SOPS_AGE_KEY: "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n" }],
  ])("are refused for %s, without showing it", async (_what, variables) => {
    const error: unknown = await names(variables).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "secret.identity" });
    expect(JSON.stringify(error)).not.toContain("NONSENSE");
    expect(error instanceof Error ? `${error.stack} ${String(error.cause)}` : "").not.toContain("1NONSENSE");
  });

  it.each(["'open", "pass show key | head -1", "echo $KEY", "cat $(which key)"])(
    "are not read by a command that wants a shell: %s",
    async (command) => {
      const error: unknown = await names({ SOPS_AGE_KEY_CMD: command }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: "secret.identity",
        message: expect.stringContaining("SOPS_AGE_KEY_CMD"),
      });
    },
  );

  it("from any text are keys or a Lotse error", async () => {
    const property = fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
      const result = await parseIdentities(new Sensitive(text), "x").catch((error: unknown) => error);
      expect(Array.isArray(result) || isLotseError(result)).toBe(true);
    });
    await fc.assert(property, { numRuns: 100 });
  });
});
