import * as fc from "fast-check";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Actor, type Clock, digestOf, systemClock } from "../kernel/index.ts";
import { openObjects } from "./objects.ts";
import { openReleases, type ReleaseInput, type ReleaseStore } from "./store.ts";
import { normaliseVersion } from "./version.ts";

const actor: Actor = { kind: "user", id: "tester" };
let count = 0;
let root: string;
let work: string;
let code: string;
let lotse: string;
let store: ReleaseStore;

/** A clock that goes on by a second at every look, so that the order of releases is known. */
const clock: Clock = {
  now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, (count += 1))),
  elapsedMs: () => systemClock.elapsedMs(),
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-store-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  work = join(root, String((count += 1)));
  code = join(work, "app");
  lotse = join(work, ".lotse");
  await mkdir(join(code, "src"), { recursive: true });
  await writeFile(join(code, "src/server.js"), "// ä\n");
  await writeFile(join(code, "run.sh"), "#!/bin/sh\n");
  await chmod(join(code, "run.sh"), 0o755);
  store = openReleases(lotse, clock);
});

const input = (version = "1.0.0", more: Partial<ReleaseInput> = {}): ReleaseInput => ({
  version,
  codeDirectory: code,
  configurations: {
    prod: { acme: { configText: '{"a":1.10}', variables: { B: "2", A: "1" } }, zen: { configText: "{}" } },
  },
  target: { type: "process", command: ["node", "src/server.js"] },
  ...more,
});

const rendered = (path: string, text: string, secret = false) => ({
  path,
  bytes: Buffer.from(text),
  secret,
  secrets: [],
  template: "t.j2",
});

const sealed = (version: number) => ({
  files: [
    {
      file: "s.yml",
      environment: "prod",
      tenant: "acme",
      layer: "s.yml",
      incoming: null,
      version,
      bytes: Buffer.from(`ENC[${version}]`),
      manifest: "{}",
    },
  ],
  secrets: { "db.password": { file: "s.yml", version, token: null } },
  missing: [],
});

describe("release store", () => {
  it("makes the same release of the same content, whenever and by whomever", async () => {
    const first = await store.create(input("v1.0.0", { commit: "abc" }), actor);
    expect(first).toMatchObject({ created: true, release: { version: "1.0.0", files: 2, commit: "abc" } });
    const again = await store.create(input("1.0.0", { commit: "abc" }), { kind: "ci", id: "pipeline" });
    expect(again).toEqual({ created: false, release: first.release });
    expect(await store.verify(first.release)).toEqual({ ok: true, checked: 6, problems: [] });
  });

  it.each<[string, Partial<ReleaseInput>]>([
    ["configuration", { configurations: { prod: { acme: { configText: '{"a":1.1}' } } } }],
    ["target", { target: { type: "process", command: ["node", "other.js"] } }],
    ["code", { exclude: ["*.sh"] }],
    ["commit", { commit: "abc" }],
    ["state of the files", { dirty: true }],
    ["image", { image: `registry/app@sha256:${"0".repeat(64)}` }],
    ["migrations", { migrations: [{ path: "1.sql", digest: "0".repeat(64), reversible: true }] }],
    [
      "rendered files",
      {
        configurations: {
          prod: { acme: { configText: '{"a":1.10}', rendered: [rendered("app.conf", "a")] } },
        },
      },
    ],
    ["secrets", { configurations: { prod: { acme: { configText: '{"a":1.10}', sealed: sealed(1) } } } }],
  ])("refuses the same version with other %s", async (_, more) => {
    await store.create(input(), actor);
    await expect(store.create(input("1.0.0", more), actor)).rejects.toMatchObject({ code: "release.exists" });
    expect((await store.create(input("1.0.1", more), actor)).created).toBe(true);
  });

  it("lets one win where two make the same version at once", async () => {
    const results = await Promise.allSettled([
      store.create(input(), actor),
      openReleases(lotse, clock).create(input("1.0.0", { exclude: ["*.sh"] }), actor),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("finds releases by id, short id and version, and lists the newest first", async () => {
    const { release: one } = await store.create(input("1.0.0"), actor);
    const { release: two } = await store.create(input("2.0.0-rc.1"), actor);
    expect(await store.get(one.id)).toEqual(one);
    expect(await store.get(one.id.slice(0, 8))).toEqual(one);
    expect(await store.get("v2.0.0-rc.1")).toEqual(two);
    expect((await store.list()).map(({ version }) => version)).toEqual(["2.0.0-rc.1", "1.0.0"]);
    for (const unknown of [one.id.slice(0, 5), "3.0.0", "../x", "f".repeat(64)]) {
      await expect(store.get(unknown)).rejects.toMatchObject({ code: "release.not-found" });
    }
  });

  it("gives back the same bytes after the sources were edited", async () => {
    await symlink("src/server.js", join(code, "main.js"));
    const { release } = await store.create(input(), actor);
    await writeFile(join(code, "src/server.js"), "edited");
    const into = join(work, "out");
    const { codeDirectory, configFile, variables } = await store.materialise(
      release,
      { environment: "prod", tenant: "acme" },
      into,
    );
    expect(await readFile(join(codeDirectory, "src/server.js"), "utf8")).toBe("// ä\n");
    expect(await readlink(join(codeDirectory, "main.js"))).toBe("src/server.js");
    expect((await stat(join(codeDirectory, "run.sh"))).mode & 0o777).toBe(0o700);
    expect(await readFile(configFile, "utf8")).toBe('{"a":1.10}');
    expect((await stat(configFile)).mode & 0o777).toBe(0o600);
    expect(variables).toEqual({ A: "1", B: "2" });
    await expect(
      store.materialise(release, { environment: "prod", tenant: "acme" }, into),
    ).rejects.toMatchObject({ code: "file.ambiguous" });
    for (const [environment, tenant] of [
      ["prod", "nobody"],
      ["constructor", "acme"],
    ] as const) {
      await expect(
        store.materialise(release, { environment, tenant }, join(work, "x")),
      ).rejects.toMatchObject({ code: "rollout.not-in-release" });
    }
  });

  it("notices every changed byte of every file it keeps", async () => {
    const { release } = await store.create(input(), actor);
    const files = (await readdir(lotse, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name !== ".gitignore")
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files).toHaveLength(7);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (path, at, flip) => {
          const original = await readFile(path);
          const changed = Buffer.from(original);
          const index = at % changed.length;
          changed[index] = (changed[index] ?? 0) ^ flip;
          await writeFile(path, changed);
          const found = await store.get(release.id).then(
            async (read) => (await store.verify(read)).problems.length,
            (error: { code: string }) => error.code,
          );
          await writeFile(path, original);
          expect([1, "release.corrupt"]).toContain(found);
        },
      ),
      { numRuns: 150 },
    );
    const object = files.find((path) => path.includes("objects"));
    await rm(object ?? "");
    expect((await store.verify(release)).ok).toBe(false);
    await expect(
      store
        .materialise(release, { environment: "prod", tenant: "acme" }, join(work, "damaged"))
        .then(() =>
          store.materialise(release, { environment: "prod", tenant: "zen" }, join(work, "damaged2")),
        ),
    ).rejects.toMatchObject({ code: "release.corrupt" });
    // The same content again heals what was lost.
    await store.create(input(), actor);
    expect((await store.verify(release)).ok).toBe(true);
  });

  it.each(["1", "1.2", "latest", "", "01.2.3", "v1.2.3.4", "1.0.0/../..", "1".repeat(300)])(
    "refuses %j as a version",
    (version) => expect(() => normaliseVersion(version)).toThrow(/semantic version/u),
  );

  it.each([
    ["v1.2.3", "1.2.3"],
    ["1.2.3-rc.1+build.5", "1.2.3-rc.1+build.5"],
  ])("takes %s", (version, normal) => expect(normaliseVersion(version)).toBe(normal));

  it.each(["../up", "a/b", "a..b", "", ".x", "x".repeat(64), "__proto__", "a\nb"])(
    "refuses a tenant named %j",
    async (tenant) => {
      const configurations = { prod: Object.fromEntries([[tenant, { configText: "{}" }]]) };
      await expect(store.create(input("1.0.0", { configurations }), actor)).rejects.toMatchObject({
        code: "config.tenant-id",
      });
    },
  );

  it("refuses a variable that no process can be given", async () => {
    for (const variables of [{ "A=B": "1" }, { A: "\0" }]) {
      const configurations = { prod: { acme: { configText: "{}", variables } } };
      await expect(store.create(input("1.0.0", { configurations }), actor)).rejects.toMatchObject({
        code: "usage.argument",
      });
    }
  });
});

describe("code tree", () => {
  it("leaves out what is excluded, and always .git and .lotse", async () => {
    for (const name of [".git", ".lotse", "node_modules"]) {
      await mkdir(join(code, name));
      await writeFile(join(code, name, "x"), "x");
    }
    const { release } = await store.create(input("1.0.0", { exclude: ["node_modules"] }), actor);
    expect(release.files).toBe(2);
  });

  it.each(["/etc/passwd", "../outside", "../../x", "src/../../app2"])(
    "refuses a link to %s",
    async (target) => {
      await symlink(target, join(code, "link"));
      await expect(store.create(input(), actor)).rejects.toMatchObject({ code: "file.outside" });
      expect((await store.create(input("1.0.0", { exclude: ["link"] }), actor)).created).toBe(true);
    },
  );

  it("says what is wrong with a code directory", async () => {
    const create = (more: Partial<ReleaseInput>) => store.create(input("1.0.0", more), actor);
    await expect(create({ codeDirectory: join(work, "none") })).rejects.toMatchObject({
      code: "release.no-code",
    });
    await expect(create({ exclude: ["*"] })).rejects.toMatchObject({ code: "release.no-code" });
    await expect(create({ limits: { maxFiles: 1 } })).rejects.toMatchObject({ code: "release.too-large" });
    await expect(create({ limits: { maxBytes: 9 } })).rejects.toMatchObject({ code: "release.too-large" });
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(join(code, "socket"), resolve);
    });
    await expect(create({})).rejects.toMatchObject({ code: "file.not-readable" });
    server.close();
  });
});

describe("object store", () => {
  it("gives back what it was given", async () => {
    const objects = openObjects(join(root, "laws"));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const digest = await objects.put(bytes);
        expect(digest).toBe(digestOf(bytes));
        expect(await objects.put(bytes)).toBe(digest);
        expect(new Uint8Array(await objects.get(digest))).toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });
});
