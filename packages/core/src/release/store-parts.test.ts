import * as fc from "fast-check";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson, digestOf, Sensitive, systemClock, type Actor } from "../kernel/index.ts";
import { openObjects } from "./objects.ts";
import { releaseIdOf, sealOf, type Release } from "./release.ts";
import { isSignedBy, newKey } from "./testing/keys.ts";
import { openReleases, type ReleaseInput, type ReleaseStore } from "./store.ts";

const actor: Actor = { kind: "user", id: "tester" };
const acme = { environment: "prod", tenant: "acme" };
const key = newKey();
const trust = { signers: [{ name: "ann", key: key.publicKey }], check: isSignedBy };
let root: string;
let count = 0;
let work: string;
let lotse: string;
let store: ReleaseStore;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-parts-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  work = join(root, String((count += 1)));
  lotse = join(work, ".lotse");
  await mkdir(join(work, "app"), { recursive: true });
  await writeFile(join(work, "app/server.js"), "// ä\n");
  await writeFile(join(work, "app.tgz"), "tarball");
  store = openReleases(lotse, systemClock, trust);
});

/** A release with every part that one can have. */
function full(version: ReleaseInput["version"], more: Partial<ReleaseInput> = {}): ReleaseInput {
  return {
    version,
    codeDirectory: join(work, "app"),
    commit: "0".repeat(40),
    image: `registry/app@sha256:${"1".repeat(64)}`,
    artefact: { file: join(work, "app.tgz"), sha256: digestOf("tarball") },
    migrations: [{ path: "1.sql", digest: digestOf("1"), reversible: false }],
    policy: { summary: {}, results: [] },
    configurations: {
      prod: {
        acme: {
          configText: "{}",
          variables: { A: "1" },
          secrets: { DB: [{ kind: "secret", path: "db", field: "password" }] },
          sealed: {
            files: [
              {
                file: "s.yml",
                environment: "prod",
                tenant: "acme",
                layer: "s.yml",
                incoming: null,
                version: 1,
                bytes: Buffer.from("ENC[1]"),
                manifest: "{}",
              },
            ],
            secrets: { "db.password": { file: "s.yml", version: 1, token: "aa" } },
            missing: [],
          },
          rendered: [
            {
              path: "etc/app.conf",
              bytes: Buffer.from("a=1\n"),
              secret: false,
              secrets: [],
              template: "a.j2",
            },
            {
              path: "app.env",
              bytes: Buffer.from("X=${secret:db}\n"),
              secret: true,
              secrets: [],
              template: "b.j2",
            },
          ],
        },
      },
    },
    target: { type: "process" },
    key,
    ...more,
  };
}

async function files(): Promise<readonly string[]> {
  const all = await readdir(lotse, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && /\/(?:objects|releases)\b/u.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

describe("a release with everything", () => {
  it("is written out with its files, secrets put in at the last moment", async () => {
    const { release } = await store.create(full("1.0.0"), actor);
    await rm(join(work, "app.tgz"));
    const into = join(work, "out");
    const fill = (_: unknown, bytes: Uint8Array) =>
      Promise.resolve(
        new Sensitive({
          bytes: Buffer.from(Buffer.from(bytes).toString("utf8").replace("${secret:db}", "s3cret")),
          secrets: ["s3cret"],
        }),
      );
    const { artefactFile = "" } = await store.materialise(release, acme, into);
    const filled = await store.filesOf(release, acme, fill);
    expect(filled.reveal()).toEqual({
      files: [
        { path: "app.env", bytes: Buffer.from("X=s3cret\n") },
        { path: "etc/app.conf", bytes: Buffer.from("a=1\n") },
      ],
      secrets: ["s3cret"],
    });
    expect(`${JSON.stringify(filled)} ${String(filled)}`).not.toContain("s3cret");
    expect(await readFile(artefactFile, "utf8")).toBe("tarball");
    for (const path of await files()) expect(await readFile(path, "latin1")).not.toContain("s3cret");
  });

  it("gives no file where nothing opens its secrets", async () => {
    const { release } = await store.create(full("1.0.0"), actor);
    await expect(store.filesOf(release, acme)).rejects.toMatchObject({ code: "secret.not-found" });
  });

  it("is found damaged whichever byte of whatever is flipped", async () => {
    const { release } = await store.create(full("1.0.0"), actor);
    const all = await files();
    // Record, signature, code list, code, artefact, policy, configuration, variables, handles, secret versions, secret
    // file, manifest, list of rendered files, two of those.
    expect(all).toHaveLength(14);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (path, at, flip) => {
          const original = await readFile(path);
          const changed = Buffer.from(original);
          changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;
          await writeFile(path, changed);
          const [found] = await store.verifyAll();
          await writeFile(path, original);
          expect(found?.ok).toBe(false);
          expect(found?.problems).toHaveLength(1);
        },
      ),
      { numRuns: 600 },
    );
    expect(await store.verifyAll()).toMatchObject([{ id: release.id, ok: true, checked: 12, problems: [] }]);
  });

  it.each([
    ["the signature", /\.intoto\.json$/u],
    ["an object", /objects\/.*[0-9a-f]{62}$/u],
  ])("is found incomplete without %s", async (_, pattern) => {
    await store.create(full("1.0.0"), actor);
    await rm((await files()).find((path) => pattern.test(path)) ?? "");
    expect(await store.verifyAll()).toMatchObject([{ ok: false }]);
  });
});

describe("making a release", () => {
  it("can be tried without writing anything", async () => {
    const tried = await store.preview(full("1.0.0"), actor);
    expect(tried.created).toBe(true);
    await expect(readdir(lotse)).rejects.toThrow();
    const made = await store.create(full("1.0.0"), actor);
    expect(made.release.id).toBe(tried.release.id);
    expect(await store.preview(full("1.0.0"), actor)).toMatchObject({ created: false });
    await expect(store.preview(full("1.0.0", { dirty: true }), actor)).rejects.toMatchObject({
      code: "release.exists",
    });
  });

  it("asks for a version only when there is something new", async () => {
    const next = (): string => "1.0.0";
    await store.create(full(next), actor);
    const never = (): string => {
      throw new Error("nothing is new");
    };
    expect(await store.create(full(never), actor)).toMatchObject({
      created: false,
      release: { version: "1.0.0" },
    });
    const seen: string[][] = [];
    const made = await store.create(
      full(
        (released) => {
          seen.push(released.map(({ version }) => version));
          return "v1.1.0";
        },
        { dirty: true },
      ),
      actor,
    );
    expect(made.release.version).toBe("1.1.0");
    expect(seen).toEqual([["1.0.0"]]);
  });

  it("is not new because the policy says something else by now", async () => {
    await store.create(full("1.0.0"), actor);
    const later = full("1.0.0", { policy: { summary: {}, results: ["a day later"] } });
    expect(await store.create(later, actor)).toMatchObject({ created: false });
  });

  it("lists by version, prereleases in front of what they announce", async () => {
    for (const version of ["1.10.0", "1.9.0", "2.0.0-rc.2", "2.0.0-rc.10", "2.0.0"]) {
      await store.create(full(version, { commit: version }), actor);
    }
    const listed = (await store.list()).map(({ version }) => version);
    expect(listed).toEqual(["2.0.0", "2.0.0-rc.10", "2.0.0-rc.2", "1.10.0", "1.9.0"]);
  });

  it.each<[string, Partial<ReleaseInput>, string]>([
    [
      "an artefact of another digest",
      { artefact: { file: "app.tgz", sha256: "0".repeat(64) } },
      "release.artefact",
    ],
    ["an artefact that is not there", { artefact: { file: "none.tgz" } }, "release.artefact"],
    ["an artefact that is a directory", { artefact: { file: "app" } }, "release.artefact"],
    [
      "a rendered file that leads out",
      {
        configurations: {
          prod: {
            acme: {
              configText: "{}",
              rendered: [{ path: "../x", bytes: Buffer.from(""), secret: false, secrets: [], template: "t" }],
            },
          },
        },
      },
      "file.outside",
    ],
  ])("refuses %s", async (_, more, code) => {
    const { artefact } = more;
    const placed =
      artefact === undefined ? more : { artefact: { ...artefact, file: join(work, artefact.file) } };
    await expect(store.create(full("1.0.0", placed), actor)).rejects.toMatchObject({ code });
    expect(await store.list()).toEqual([]);
  });

  it("needs no code where an image is all that runs", async () => {
    const { release } = await store.create(full("1.0.0", { codeDirectory: undefined }), actor);
    expect(release).toMatchObject({ files: 0, bytes: 0 });
    expect(await store.codeOf(release)).toEqual([]);
  });
});

describe("trust", () => {
  const stranger = newKey();
  it.each<[string, Partial<ReleaseInput>, string | null]>([
    ["signed by somebody listed", {}, null],
    ["signed by a stranger", { key: stranger }, "release.signature"],
    ["not signed", { key: undefined }, "release.signature"],
  ])("what is %s", async (_, more, code) => {
    const { release } = await store.create(full("1.0.0", more), actor);
    const got = await store.get("1.0.0").then(
      () => null,
      (error: { code: string }) => error.code,
    );
    expect(got).toBe(code);
    // It can be looked at in any case, and counts where nobody is listed.
    expect((await store.read("1.0.0")).id).toBe(release.id);
    const open = openReleases(lotse, systemClock, { ...trust, signers: [] });
    expect((await open.get("1.0.0")).id).toBe(release.id);
    await store.sign(release, key);
    expect((await store.get("1.0.0")).id).toBe(release.id);
  });

  it("is asked for the environment", async () => {
    const signers = [{ name: "ann", key: key.publicKey, environments: ["dev"] }];
    const narrow = openReleases(lotse, systemClock, { ...trust, signers });
    await narrow.create(full("1.0.0"), actor);
    await expect(narrow.get("1.0.0", "prod")).rejects.toMatchObject({ code: "release.signature" });
    expect((await narrow.get("1.0.0", "dev")).version).toBe("1.0.0");
  });

  it("does not survive a signature put from one release to another", async () => {
    const { release: one } = await store.create(full("1.0.0"), actor);
    const { release: two } = await store.create(full("1.1.0"), actor);
    const envelope = (id: string): string => join(lotse, "releases", `${id}.intoto.json`);
    await writeFile(envelope(two.id), await readFile(envelope(one.id)));
    for (const signers of [trust.signers, []]) {
      const opened = openReleases(lotse, systemClock, { ...trust, signers });
      await expect(opened.get("1.1.0")).rejects.toMatchObject({ code: "release.signature" });
    }
  });
});

describe("a release of the first form", () => {
  async function writeFirstForm(more: Partial<Release> = {}): Promise<string> {
    const objects = openObjects(join(lotse, "objects"));
    const code = await objects.put(canonicalJson({ schema: 1, entries: [] }));
    const config = await objects.put('{"a":1}');
    const content = {
      schema: 1 as const,
      version: "0.9.0",
      code,
      configurations: { prod: { acme: { config, variables: null } } },
      target: { type: "process" },
      commit: "abc",
    };
    // Spelled out: what was written then must be read for ever.
    const { schema, version, configurations, target } = content;
    const id = digestOf(canonicalJson({ schema, version, code, configurations, target }));
    const record = {
      ...content,
      id,
      files: 0,
      bytes: 0,
      createdAt: "2026-01-01T00:00:00.000Z",
      createdBy: "user:ann",
      ...more,
    };
    await mkdir(join(lotse, "releases"), { recursive: true });
    await writeFile(
      join(lotse, "releases", `${id}.json`),
      canonicalJson({ ...record, seal: sealOf(record) }),
    );
    return id;
  }

  it("is read, verified and written out", async () => {
    const id = await writeFirstForm();
    const release = await store.read("0.9.0");
    expect([release.id, releaseIdOf(release)]).toEqual([id, id]);
    expect(await store.verify(release)).toMatchObject({ ok: true, checked: 2 });
    const { configFile } = await store.materialise(release, acme, join(work, "out"));
    expect(await readFile(configFile, "utf8")).toBe('{"a":1}');
    expect(await store.sealedOf(release, acme)).toBeNull();
    expect((await store.create(full("1.0.0"), actor)).created).toBe(true);
  });

  it("is deployed once somebody listed has signed it", async () => {
    await writeFirstForm();
    await expect(store.get("0.9.0")).rejects.toMatchObject({ code: "release.signature" });
    await store.sign(await store.read("0.9.0"), key);
    expect((await store.get("0.9.0")).version).toBe("0.9.0");
  });

  it("is damaged when its seal does not fit", async () => {
    const id = await writeFirstForm();
    const path = join(lotse, "releases", `${id}.json`);
    await writeFile(path, (await readFile(path, "utf8")).replace('"commit":"abc"', '"commit":"abd"'));
    await expect(store.read(id)).rejects.toMatchObject({ code: "release.corrupt" });
  });
});
