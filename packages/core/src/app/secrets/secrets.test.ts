import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SecretReference } from "../../config/index.ts";
import { encryptSops } from "../../secrets/sops/index.ts";
import { isLotseError, Sensitive } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest } from "../../secrets/manifest/index.ts";
import type { Session } from "../session.ts";
import { newPerson, SecretWorkspace, withoutKey, type Person } from "../testing/secret-workspace.ts";
import {
  acceptVersions,
  addRecipient,
  existingLayers,
  getSecret,
  listSecrets,
  openAllSecrets,
  openReference,
  openSecret,
  rekeyFiles,
  removeRecipient,
  removeSecret,
  SecretReader,
  secretLayerOfFile,
  setSecret,
  signFile,
  verifySecrets,
} from "./index.ts";

const acme = { environment: "prod", tenant: "acme" };
const globex = { environment: "prod", tenant: "globex" };
const fileOf = (tenant: string): string => `environments/prod/secrets/tenants/${tenant}.yml`;
const secret = (text: string): Sensitive<string> => new Sensitive(text);

describe("secrets of a workspace", () => {
  let ada: Person;
  let workspace: SecretWorkspace;
  let session: Session;
  beforeEach(async () => {
    ada = await newPerson("ada");
    workspace = await SecretWorkspace.make([ada]);
    session = workspace.session(ada);
  });
  afterEach(() => workspace.dispose());

  const read = async (name: string, scope = acme, by = session): Promise<string> =>
    (await openSecret(by, scope, name)).value.reveal();
  const codeOf = async (act: Promise<unknown>): Promise<string> => {
    try {
      await act;
    } catch (error) {
      if (isLotseError(error)) return error.code;
      throw error;
    }
    return "good";
  };
  const entries = async (action: string): Promise<readonly (readonly [string | null, string | null])[]> => {
    const log = await session.log.open();
    const found: (readonly [string | null, string | null])[] = [];
    for await (const { object, outcome } of log.list({ action, first: "oldest" }))
      found.push([object, outcome]);
    return found;
  };

  it("are set and read back, the tenant's own before the environment's", async () => {
    await setSecret(session, { environment: "prod" }, "spotify.api_key", secret("for all"));
    expect(await read("spotify.api_key")).toBe("for all");
    await setSecret(session, acme, "spotify.api_key", secret("for acme"));
    expect(await read("spotify.api_key")).toBe("for acme");
    expect(await read("spotify.api_key", globex)).toBe("for all");
    expect(await read("spotify.api_key", acme, workspace.session(ada))).toBe("for acme");
  });

  it.each(["a", " leading", "line\nbreak", "ümlaut ☃", "'\"\\", "012", "no", "null", "#x", "x".repeat(5000)])(
    "keep the text %j as it is",
    async (text) => {
      await setSecret(session, acme, "a.b", secret(text));
      expect(await read("a.b", acme, workspace.session(ada))).toBe(text);
    },
  );

  it("count their versions, and the file's", async () => {
    await setSecret(session, acme, "a", secret("1"));
    await setSecret(session, acme, "b", secret("1"));
    const again = await setSecret(session, acme, "a", secret("2"));
    expect(again.version).toBe(2);
    expect(await listSecrets(session, acme)).toMatchObject([
      { name: "a", version: 2, changedBy: "user:ada", incoming: false, encrypted: true },
      { name: "b", version: 1 },
    ]);
    await removeSecret(session, acme, "a");
    expect(await codeOf(read("a"))).toBe("secret.not-found");
    expect((await setSecret(session, acme, "a", secret("3"))).version).toBe(3);
  });

  it("leave the bytes of the values that were not touched", async () => {
    await setSecret(session, acme, "a", secret("1"));
    await setSecret(session, acme, "b", secret("1"));
    const line = workspace
      .read(fileOf("acme"))
      .split("\n")
      .find((text) => text.startsWith("a:"));
    await setSecret(session, acme, "b", secret("2"));
    expect(workspace.read(fileOf("acme"))).toContain(line);
  });

  it("are nowhere in plain text, neither in the workspace nor in its state", async () => {
    await setSecret(session, acme, "a.b", secret("correct horse battery staple"));
    await read("a.b");
    const all = readdirSync(workspace.root, { recursive: true, withFileTypes: true });
    for (const entry of all.filter((found) => found.isFile())) {
      const text = readFileSync(join(entry.parentPath, entry.name), "latin1");
      expect(text, entry.name).not.toContain("correct horse");
    }
    expect(statSync(join(workspace.root, "home/ada/.config/lotse/signing.key")).mode & 0o777).toBe(0o600);
  });

  it("stand behind the references of the configuration", async () => {
    await setSecret(session, acme, "spotify.api_key", secret("K"));
    await setSecret(session, acme, "db.main.password", secret("P"));
    const snapshot = session.engine.resolve(acme);
    const url = snapshot.get("api.url");
    if (!(url instanceof SecretReference)) throw new Error("not a secret");
    expect(String(url)).toContain("${secret:db/main#password}");
    expect((await openReference(session, acme, url)).reveal()).toBe("https://u:P@host");
  });

  it("are read by the library, for the tenant that is named", async () => {
    await setSecret(session, acme, "spotify.api_key", secret("K"));
    const options = {
      directory: workspace.directory,
      environment: "production",
      tenant: "acme",
      variables: session.variables,
    };
    const value = await getSecret("spotify.api_key", options);
    expect([value.reveal(), String(value), JSON.stringify({ value })]).toEqual([
      "K",
      "[redacted]",
      '{"value":"[redacted]"}',
    ]);
    const reader = new SecretReader(options);
    await reader.getSecret("spotify.api_key");
    await setSecret(session, acme, "spotify.api_key", secret("L"));
    expect((await reader.getSecret("spotify.api_key")).reveal()).toBe("L");
    await reader.close();
  });

  describe("what sops lets through", () => {
    beforeEach(async () => {
      workspace.write(
        ".sops.yaml",
        `creation_rules:\n  - age: ${ada.recipient}\n    unencrypted_suffix: _plain\n`,
      );
      await setSecret(session, acme, "key", secret("K1"));
      await setSecret(session, acme, "host_plain", secret("ab"));
      await setSecret(session, acme, "port_plain", secret("c"));
    });
    const tamper = (change: (text: string) => string): void => {
      writeFileSync(workspace.path(fileOf("acme")), change(workspace.read(fileOf("acme"))));
    };

    it("a renamed key is refused", async () => {
      tamper((text) => text.replace("host_plain", "hose_plain"));
      expect(await codeOf(read("key"))).toBe("secret.manifest");
    });

    it("bytes that moved between neighbours are refused", async () => {
      tamper((text) =>
        text.replace(/host_plain: "?ab"?/u, "host_plain: a").replace(/port_plain: "?c"?/u, "port_plain: bc"),
      );
      expect(workspace.read(fileOf("acme"))).toContain("bc");
      expect(await codeOf(read("key"))).toBe("secret.manifest");
    });

    it("a file of another tenant, or environment, is refused", async () => {
      workspace.copy(fileOf("acme"), fileOf("globex"));
      expect(await codeOf(read("key", globex))).toBe("secret.manifest");
      workspace.copy(fileOf("acme"), "environments/dev/secrets/tenants/acme.yml");
      expect(await codeOf(read("key", { environment: "dev", tenant: "acme" }))).toBe("secret.manifest");
    });

    it("an old version is refused until it is accepted", async () => {
      workspace.copy(fileOf("acme"), "old.yml");
      await setSecret(session, acme, "key", secret("K2"));
      workspace.copy("old.yml", fileOf("acme"));
      const fresh = workspace.session(ada);
      expect(await codeOf(read("key", acme, fresh))).toBe("secret.manifest");
      expect((await verifySecrets(fresh, [])).ok).toBe(false);
      expect(await acceptVersions(fresh, [fileOf("acme")])).toBe(1);
      expect(await read("key", acme, fresh)).toBe("K1");
    });

    it("a file without its manifest is refused until it is signed", async () => {
      rmSync(workspace.path(manifestPathOf(fileOf("acme"))));
      expect(await codeOf(read("key"))).toBe("secret.manifest");
      await signFile(session, secretLayerOfFile(session, fileOf("acme")));
      expect(await read("key")).toBe("K1");
    });

    it("a file whose values were changed is not signed", async () => {
      tamper((text) => text.replace(/data:./u, "data:A"));
      const layer = secretLayerOfFile(session, fileOf("acme"));
      expect(await codeOf(signFile(session, layer))).toMatch(/^secret\.(?:value|mac|format)$/u);
    });
  });

  it("who is said to have changed a value is not believed of a forged manifest", async () => {
    for (const text of ["1", "2"]) await setSecret(session, acme, "a", secret(text));
    const path = manifestPathOf(fileOf("acme"));
    const layer = secretLayerOfFile(session, fileOf("acme"));
    await signFile(session, layer);
    const list = async () => await listSecrets(workspace.session(ada), acme);
    expect(await list()).toMatchObject([{ changedBy: "user:ada", version: 2 }]);
    for (const version of [7, Number.MAX_SAFE_INTEGER]) {
      const forged = JSON.parse(workspace.read(path)) as { values: Record<string, object> };
      forged.values["a"] = { ...forged.values["a"], changedBy: "user:mallory", version };
      workspace.write(path, JSON.stringify({ ...forged, version: Number.MAX_SAFE_INTEGER }));
      await signFile(workspace.session(ada), layer);
      // Its numbers may only rise, so that no value comes back.
      expect(await list()).toMatchObject([{ changedBy: "user:ada", version: version === 7 ? 8 : 1 }]);
    }
  });

  it("have names that list prints and get takes, whatever the keys are", async () => {
    const plain = `"a.b": first\na:\n  b: second\n"two words": third\n"x/y":\n  "0": fourth\n`;
    const rule = { recipients: [ada.recipient] };
    const tools = { clock: () => new Date(), randomBytes };
    const file = fileOf("acme");
    workspace.write(
      file,
      (
        await encryptSops({ bytes: Buffer.from(plain), format: "yaml", file, recipients: rule, ...tools })
      ).toString(),
    );
    await signFile(session, secretLayerOfFile(session, file));
    const names = (await listSecrets(session, acme)).map(({ name }) => name);
    expect(names).toEqual([`"a.b"`, `"two words"`, `"x/y".0`, "a.b"]);
    const values = await Promise.all(names.map((name) => read(name)));
    expect(values).toEqual(["first", "third", "fourth", "second"]);
    expect(await setSecret(session, acme, `"a.b"`, secret("changed"))).toMatchObject({ version: 2 });
    expect([await read(`"a.b"`), await read("a.b")]).toEqual(["changed", "second"]);
    await removeSecret(session, acme, `"a.b"`);
    expect(await codeOf(read(`"a.b"`))).toBe("secret.not-found");
    // Blindly the name becomes that of a file.
    const blind = workspace.session(withoutKey(ada));
    expect(await codeOf(setSecret(blind, acme, `"../x"`, secret("y")))).toBe("secret.name");
  });

  it("of several layers become one variable, the highest layer's, however each spells it", async () => {
    for (const [first, last] of [
      ["env", "yml"],
      ["yml", "env"],
    ]) {
      const layers = `secrets:\n  layers: ["{env}/secrets/{env}.${first}", "{env}/secrets/tenants/{tenant}.${last}"]\n`;
      const other = await SecretWorkspace.make([ada], layers);
      try {
        const own = other.session(ada);
        await setSecret(own, { environment: "prod" }, "spotify.api_key", secret("lower"));
        await setSecret(own, { environment: "prod" }, "only.lower", secret("1"));
        await setSecret(own, acme, "spotify.api_key", secret("higher"));
        const opened = await openAllSecrets(own, acme);
        const found = opened.map(({ name, value }) => [
          name,
          value instanceof Sensitive ? value.reveal() : "",
        ]);
        expect(Object.fromEntries(found)).toEqual({
          ONLY_LOWER: "1",
          SPOTIFY_API_KEY: "higher",
        });
        expect(found).toHaveLength(2);
      } finally {
        await other.dispose();
      }
    }
  });

  it("are signed by whoever lotse.yml lists, and by nobody else", async () => {
    await setSecret(session, acme, "a", secret("1"));
    const { signer } = parseManifest(readFileSync(workspace.path(manifestPathOf(fileOf("acme")))), "m");
    const list = (key: string): void => {
      workspace.write(
        "lotse.yml",
        `version: 1\nname: shop\nenvironments: { dev: {}, prod: {} }\nsecrets:\n  signers:\n    - { name: ada, key: "${key}" }\n`,
      );
    };
    const without = workspace.read("lotse.yml");
    list(signer.key);
    expect(await read("a", acme, workspace.session(ada))).toBe("1");
    const mallory = { ...ada, name: "mallory" };
    expect(await codeOf(setSecret(workspace.session(mallory), acme, "a", secret("evil")))).toBe(
      "secret.denied",
    );
    expect(await read("a", acme, workspace.session(ada))).toBe("1");
    // Also not with a Lotse that does not ask.
    workspace.write("lotse.yml", without);
    await setSecret(workspace.session(mallory), acme, "a", secret("evil"));
    list(signer.key);
    expect(await codeOf(read("a", acme, workspace.session(ada)))).toBe("secret.signature");
  });

  it("can be written by somebody who cannot read them", async () => {
    await setSecret(session, acme, "db.password", secret("old"));
    await setSecret(session, acme, "other", secret("stays"));
    const bob = workspace.session(withoutKey(await newPerson("bob")));
    const changed = await setSecret(bob, acme, "db.password", secret("new"));
    expect(changed).toMatchObject({ blind: true, version: 2 });
    expect(changed.file).toBe("environments/prod/secrets/tenants/acme.incoming/db.password.yml");
    expect(await codeOf(read("db.password", acme, bob))).toBe("secret.no-key");
    expect(await codeOf(read("other", acme, bob))).toBe("secret.no-key");
    // It counts at once, also before anybody takes it in.
    const later = workspace.session(ada);
    expect(await read("db.password", acme, later)).toBe("new");
    expect(await listSecrets(later, acme)).toMatchObject([
      { name: "db.password", version: 2, incoming: true, changedBy: "user:bob" },
      { name: "other", version: 1, incoming: false },
    ]);
    // Whoever can read the file takes it in with the next change.
    workspace.copy(changed.file, "kept.yml");
    expect((await setSecret(later, acme, "third", secret("3"))).takenIn).toEqual(["db.password"]);
    expect(existsSync(workspace.path(changed.file))).toBe(false);
    expect(await read("db.password", acme, workspace.session(ada))).toBe("new");
    // And it cannot be brought back afterwards.
    await setSecret(later, acme, "db.password", secret("newest"));
    workspace.copy("kept.yml", changed.file);
    expect(await codeOf(read("db.password", acme, workspace.session(ada)))).toBe("secret.manifest");
  });

  it("can be opened by whoever is added, and not by whoever is shut out", async () => {
    const bob = await newPerson("bob");
    await setSecret(session, acme, "a", secret("1"));
    await setSecret(session, acme, "b", secret("2"));
    await setSecret(session, globex, "c", secret("3"));
    const all = await existingLayers(session, []);
    await addRecipient(session, all, bob.recipient);
    const asBob = workspace.session(bob);
    expect(await read("a", acme, asBob)).toBe("1");
    const before = workspace.read(fileOf("acme"));
    const { files, rotation } = await removeRecipient(session, all, bob.recipient, "bob");
    expect(files).toMatchObject([{ newDataKey: true }, { newDataKey: true }]);
    expect(rotation).toMatchObject([
      { name: "a", tenant: "acme", readAt: expect.any(String) as string, version: "1" },
      { name: "b", tenant: "acme", readAt: null },
      { name: "c", tenant: "globex", readAt: null },
    ]);
    expect(await codeOf(read("a", acme, workspace.session(bob)))).toBe("secret.no-key");
    expect(await read("a")).toBe("1");
    // Nothing of the old ciphertext is left, as its data key is known to him.
    const tokens = before.match(/^[ab]: ENC\[[^\]]+\]/gmu) ?? [];
    expect(tokens).toHaveLength(2);
    for (const token of tokens) expect(workspace.read(fileOf("acme"))).not.toContain(token);
    expect(await listSecrets(session, acme)).toMatchObject([{ version: 1 }, { version: 1 }]);
    expect(await codeOf(removeRecipient(session, all, ada.recipient, undefined))).toBe("secret.recipient");
  });

  it("follow .sops.yaml with rekey", async () => {
    const bob = await newPerson("bob");
    await setSecret(session, acme, "a", secret("1"));
    workspace.write(".sops.yaml", `creation_rules:\n  - age: ${ada.recipient},${bob.recipient}\n`);
    await acceptVersions(session, [".sops.yaml"]);
    await rekeyFiles(session, await existingLayers(session, []), true);
    expect(await read("a", acme, workspace.session(bob))).toBe("1");
  });

  it("are in the audit log: reads, writes and refusals, before they happen", async () => {
    await setSecret(session, acme, "a", secret("1"));
    await read("a");
    await codeOf(read("b"));
    expect(await entries("secret.write")).toEqual([
      ["a", "intent"],
      ["a", "success"],
    ]);
    expect(await entries("secret.read")).toEqual([
      ["a", "success"],
      ["b", "denied"],
    ]);
  });

  it("are neither read nor changed when the log takes no entry", async () => {
    await setSecret(session, acme, "a", secret("1"));
    const before = workspace.read(fileOf("acme"));
    const closed = workspace.session(ada);
    await session.log.close();
    rmSync(join(workspace.directory, ".lotse/audit"), { recursive: true });
    writeFileSync(join(workspace.directory, ".lotse/audit"), "in the way");
    expect(await codeOf(read("a", acme, closed))).toBe("audit.unavailable");
    expect(await codeOf(setSecret(closed, acme, "a", secret("2")))).toBe("audit.unavailable");
    expect(workspace.read(fileOf("acme"))).toBe(before);
  });

  it("survive two writers at once", async () => {
    await setSecret(session, acme, "n0", secret("0"));
    const writers = Array.from({ length: 6 }, (_, index) =>
      setSecret(workspace.session(ada), acme, `n${index + 1}`, secret(String(index + 1))),
    );
    await Promise.all(writers);
    const fresh = workspace.session(ada);
    for (let index = 0; index <= 6; index++) expect(await read(`n${index}`, acme, fresh)).toBe(String(index));
    expect((await verifySecrets(fresh, [])).ok).toBe(true);
  });

  it.each([
    ["..", "secret.name"],
    ["a/b", "secret.name"],
    ["", "secret.name"],
    ["a..b", "secret.name"],
    ["__proto__", "secret.name"],
    ["constructor.x", "secret.not-found"],
  ])("refuse the name %j", async (name, code) => {
    await setSecret(session, acme, "a", secret("1"));
    expect(await codeOf(read(name))).toBe(code);
  });

  it("tell of files that belong to nobody", async () => {
    await setSecret(session, acme, "a", secret("1"));
    workspace.copy(fileOf("acme"), fileOf("nobody"));
    const report = await verifySecrets(session, []);
    expect(report.ok).toBe(false);
    expect(report.strangers).toEqual([fileOf("nobody"), manifestPathOf(fileOf("nobody"))]);
  });
});
