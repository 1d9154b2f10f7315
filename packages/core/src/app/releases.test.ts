import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLotseError, Sensitive } from "../kernel/index.ts";
import { openDeployments, type Release } from "../release/index.ts";
import { diffReleases, isSameRelease } from "./release-diff.ts";
import { commitsBetween } from "./release-git.ts";
import { changelog, releaseNotes } from "./release-notes.ts";
import { pruneReleases } from "./release-prune.ts";
import { releasesOf } from "./release-store.ts";
import { signStoredRelease, verifyReleases } from "./release-verify.ts";
import { createRelease, type ReleaseRequest } from "./releases.ts";
import { setSecret } from "./secrets/change.ts";
import { filesForRelease, secretsForRelease } from "./secrets/deploy.ts";
import { knownSigningKey, signingKeyOf } from "./secrets/signing-key.ts";
import { newPerson, SecretWorkspace, withoutKey, type Person } from "./testing/secret-workspace.ts";

const acme = { environment: "prod", tenant: "acme" };
let workspace: SecretWorkspace;
let ada: Person;

const app = `
schema: schema.yml
templates:
  - { template: plain.conf.j2, to: plain.conf }
  - { template: app.secret.j2, to: app.env, environments: [prod] }
app:
  code: app
  migrations: { directory: migrations }
  target: { type: process, command: [node, server.js] }
`;

const schema = `
type: object
properties:
  name: { type: string }
  greeting: { type: string }
  tenant: { type: object, additionalProperties: true }
  api:
    type: object
    properties:
      key: { type: string, x-secret: true, x-env: API_KEY }
      url: { type: string, x-secret: true, x-env: API_URL }
`;

beforeEach(async () => {
  ada = await newPerson("ada");
  workspace = await SecretWorkspace.make([ada], app);
  workspace.write("schema.yml", schema);
  workspace.write("app/server.js", "// one\n");
  workspace.write("environments/base.yml", "greeting: Hello\n");
  workspace.write("migrations/001.sql", "create table a;\n");
  workspace.write("templates/plain.conf.j2", "greeting = {{ greeting }}\n");
  workspace.write("templates/app.secret.j2", "KEY={{ api.key }}\n");
});
afterEach(() => workspace.dispose());

const set = (name: string, value: string, scope = acme): Promise<unknown> =>
  setSecret(workspace.session(ada), scope, name, new Sensitive(value));

async function setAll(value: string): Promise<void> {
  for (const tenant of ["acme", "globex"]) {
    const scope = { environment: "prod", tenant };
    await set("spotify.api_key", value, scope);
    await set("db.main.password", `${value}-db`, scope);
  }
}

async function create(request: ReleaseRequest = {}, person = ada, variables = {}) {
  const result = await createRelease(workspace.session(person, variables), request);
  if (result.kind === "refused") throw new Error(JSON.stringify(result.report.diagnostics));
  return { ...result, release: result.created.release };
}

const codeOf = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => "good",
    (error: unknown) => {
      if (isLotseError(error)) return error.code;
      throw error;
    },
  );

/** What a process of a release gets: its secret variables and its secret file. */
async function opened(reference: string, scope = acme, person = ada) {
  const session = workspace.session(person);
  const store = releasesOf(session);
  const release = await store.get(reference, scope.environment);
  const variables = await secretsForRelease(session, store, release, scope);
  const fill = filesForRelease(session, store, release, scope);
  const { files, secrets } = (await store.filesOf(release, scope, fill)).reveal();
  const textOf = (wanted: string): string =>
    Buffer.from(files.find(({ path }) => path === wanted)?.bytes ?? []).toString("utf8");
  return {
    key: variables["API_KEY"]?.reveal(),
    url: variables["API_URL"]?.reveal(),
    file: textOf("app.env"),
    plain: textOf("plain.conf"),
    hidden: secrets,
  };
}

describe("what a release holds", () => {
  it("stays what it was when secrets are rotated and layers edited, byte for byte", async () => {
    await setAll("first-value");
    await create({ version: "1.0.0" });
    await setAll("second-value");
    workspace.write("environments/base.yml", "greeting: Hi\n");
    await create({ version: "2.0.0" });
    // Nothing of the first is in the workspace any more, and what is there is not the second either.
    await setAll("third-value");
    rmSync(workspace.path("templates"), { recursive: true });
    expect(await opened("1.0.0")).toEqual({
      key: "first-value",
      url: "https://u:first-value-db@host",
      file: "KEY=first-value\n",
      plain: "greeting = Hello\n",
      hidden: ["first-value"],
    });
    expect(await opened("2.0.0")).toMatchObject({ key: "second-value", plain: "greeting = Hi\n" });
    expect(await opened("1.0.0", { ...acme, tenant: "globex" })).toMatchObject({ key: "first-value" });
  });

  it("keeps its secrets when their files are gone, also where a value was written beside the file", async () => {
    await setAll("first-value");
    await setSecret(
      workspace.session(withoutKey(ada)),
      acme,
      "spotify.api_key",
      new Sensitive("blind-value"),
    );
    await create({ version: "1.0.0" });
    rmSync(workspace.path("environments/prod/secrets"), { recursive: true });
    expect(await opened("1.0.0")).toMatchObject({ key: "blind-value", url: "https://u:first-value-db@host" });
  });

  it("holds no value, opens for no stranger, and records each opening", async () => {
    await setAll("a-telling-value");
    await create({ version: "1.0.0" });
    const state = join(workspace.directory, ".lotse");
    for (const part of ["objects", "releases"]) {
      for (const entry of readdirSync(join(state, part), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        expect(readFileSync(join(entry.parentPath, entry.name), "latin1")).not.toContain("a-telling-value");
      }
    }
    const bob = await newPerson("bob");
    expect(await codeOf(opened("1.0.0", acme, bob))).toBe("secret.no-key");
    const session = workspace.session(ada);
    const store = releasesOf(session);
    const before = session.recorder.count;
    await secretsForRelease(session, store, await store.get("1.0.0"), acme);
    expect(session.recorder.count - before).toBe(2);
    expect(session.revealed.redact("x a-telling-value y")).not.toContain("a-telling-value");
  });

  it("tells which secrets have no value, and does not start without them", async () => {
    await set("spotify.api_key", "first-value");
    const { warnings } = await create({ version: "1.0.0" });
    expect(warnings).toEqual([
      "secrets without a value: db.main.password in prod:acme; set them and release again before deploying there",
    ]);
    await set("db.main.password", "too late");
    expect(await codeOf(opened("1.0.0"))).toBe("secret.not-found");
  });

  it("does not take a secret file that nobody signed", async () => {
    await setAll("first-value");
    const file = "environments/prod/secrets/tenants/acme.yml";
    workspace.write(file, workspace.read(file).replace("spotify:", "spotifi:"));
    expect(await codeOf(create({ version: "1.0.0" }))).toBe("secret.manifest");
  });

  it("gives no tenant the secrets of another, whatever a forged record says", async () => {
    await setAll("first-value");
    const { release } = await create({ version: "1.0.0" });
    const { acme: own, globex: other } = release.configurations["prod"] ?? {};
    if (own === undefined || other === undefined) throw new Error("no tenants");
    const session = workspace.session(ada);
    const forged = {
      ...release,
      configurations: { prod: { acme: { ...own, sealed: other.sealed } } },
    } as Release;
    const opening = secretsForRelease(session, releasesOf(session), forged, acme);
    expect(await codeOf(opening)).toBe("secret.manifest");
    const honest = { ...release, configurations: { prod: { acme: own } } };
    expect(await codeOf(secretsForRelease(session, releasesOf(session), honest, acme))).toBe("good");
  });

  it("refuses what is not valid, and keeps nothing", async () => {
    workspace.write("environments/base.yml", "greeting: 1\n");
    const result = await createRelease(workspace.session(ada), {});
    expect(result).toMatchObject({ kind: "refused", report: { ok: false } });
    expect(await releasesOf(workspace.session(ada)).list()).toEqual([]);
  });
});

describe("signatures", () => {
  const withSigners = async (person: Person, environments = ""): Promise<void> => {
    const { publicKey } = await signingKeyOf(workspace.session(person).variables);
    const signers = `secrets: { signers: [{ name: ${person.name}, key: "${publicKey}"${environments} }] }\n`;
    workspace.write("lotse.yml", `${workspace.read("lotse.yml")}${signers}`);
  };

  it("are made where there is a key, and nobody is made to have one", async () => {
    expect((await create({ version: "1.0.0" })).signed).toBe(false);
    expect(await knownSigningKey(workspace.session(ada).variables)).toBeNull();
    await signingKeyOf(workspace.session(ada).variables);
    expect((await create({ version: "1.1.0" })).signed).toBe(true);
    expect((await verifyReleases(workspace.session(ada), "1.1.0"))[0]).toMatchObject({
      ok: true,
      signature: { state: "unknown" },
    });
  });

  it("must be of somebody listed, where somebody is", async () => {
    const { release: old } = await create({ version: "0.9.0" });
    await withSigners(ada);
    expect((await create({ version: "1.0.0" })).signed).toBe(true);
    const bob = await newPerson("bob");
    expect(await codeOf(create({ version: "1.1.0" }, bob))).toBe("release.signature");
    await signingKeyOf(workspace.session(bob).variables);
    expect(await codeOf(create({ version: "1.1.0" }, bob))).toBe("release.signature");
    const session = workspace.session(ada);
    expect(await codeOf(releasesOf(session).get("0.9.0", "prod"))).toBe("release.signature");
    expect((await verifyReleases(session, undefined)).filter(({ ok }) => ok)).toHaveLength(1);
    await signStoredRelease(workspace.session(bob), "0.9.0");
    expect(await codeOf(releasesOf(session).get("0.9.0", "prod"))).toBe("release.signature");
    await signStoredRelease(session, "0.9.0");
    expect((await releasesOf(session).get("0.9.0", "prod")).id).toBe(old.id);
  });

  it("count for their environments only", async () => {
    await withSigners(ada, ", environments: [dev]");
    await create({ version: "1.0.0" });
    const store = releasesOf(workspace.session(ada));
    expect(await codeOf(store.get("1.0.0", "dev"))).toBe("good");
    expect(await codeOf(store.get("1.0.0", "prod"))).toBe("release.signature");
  });

  it("are not put on what is damaged", async () => {
    const { release } = await create({ version: "1.0.0" });
    writeFileSync(
      join(workspace.directory, ".lotse/objects", release.code.slice(0, 2), release.code.slice(2)),
      "damaged",
    );
    expect(await codeOf(signStoredRelease(workspace.session(ada), "1.0.0"))).toBe("release.damaged");
  });
});

describe("the difference between releases", () => {
  it("is told for code, configuration, secrets, files and migrations, without values", async () => {
    await setAll("first-value");
    await create({ version: "1.0.0" });
    await set("spotify.api_key", "second-value");
    workspace.write("environments/base.yml", "greeting: Hi\n");
    workspace.write("app/server.js", "// two\n");
    workspace.write("migrations/002.sql", "-- lotse: irreversible\ndrop table a;\n");
    await create({ version: "1.1.0" });
    const session = workspace.session(ada);
    const diff = await diffReleases(session, { from: "1.0.0", to: "1.1.0" }, { environment: "prod" });
    expect(JSON.stringify(diff)).not.toMatch(/first-value|second-value/u);
    expect(diff).toMatchObject({
      code: { commit: null, files: [{ path: "server.js", kind: "changed" }] },
      configuration: [
        { path: "greeting", before: "Hello", after: "Hi", scopes: ["prod:acme", "prod:globex"] },
      ],
      secrets: [
        { name: "spotify.api_key", before: { version: 1 }, after: { version: 2 }, scopes: ["prod:acme"] },
      ],
      rendered: [
        {
          path: "plain.conf",
          diff: ["--- plain.conf", "+++ plain.conf", "@@ -1 +1 @@", "-greeting = Hello", "+greeting = Hi"],
          scopes: ["prod:acme", "prod:globex"],
        },
      ],
      target: [],
      migrations: { added: [{ path: "002.sql", reversible: false }], irreversible: ["002.sql"] },
    });
    expect(isSameRelease(diff)).toBe(false);
    const only = await diffReleases(session, { from: "1.0.0", to: "1.1.0" }, { ...acme, tenant: "globex" });
    expect(only.secrets).toEqual([]);
    expect(isSameRelease(await diffReleases(session, { from: "1.0.0", to: "1.0.0" }))).toBe(true);
  });

  it("names tenants that came and went", async () => {
    await create({ version: "1.0.0" });
    rmSync(workspace.path("environments/tenants/globex.yml"));
    workspace.write("environments/tenants/zen.yml", "tenant: { id: zen }\n");
    await create({ version: "1.1.0" });
    const { tenants } = await diffReleases(workspace.session(ada), { from: "1.0.0", to: "1.1.0" });
    expect(tenants).toEqual({ added: ["dev:zen", "prod:zen"], removed: ["dev:globex", "prod:globex"] });
  });
});

describe("in git", () => {
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: workspace.directory,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: workspace.root,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_NAME: "ada",
        GIT_AUTHOR_EMAIL: "ada@example.com",
        GIT_COMMITTER_NAME: "ada",
        GIT_COMMITTER_EMAIL: "ada@example.com",
      },
    }).trim();
  const commit = (message: string, file = "app/server.js"): string => {
    workspace.write(file, `// ${message} ${Math.random()}\n`);
    git("add", "--all");
    git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  };
  beforeEach(() => {
    mkdirSync(workspace.path(".git"), { recursive: true });
    rmSync(workspace.path(".git"), { recursive: true });
    git("init", "--quiet", "--initial-branch=main");
    git("config", "user.name", "ada");
    git("config", "user.email", "ada@example.com");
    workspace.write(".gitignore", ".lotse/\n");
    commit("chore: begin");
  });

  it("the next version follows the commits", async () => {
    expect((await create()).release.version).toBe("0.1.0");
    expect(await create()).toMatchObject({ created: { created: false }, release: { version: "0.1.0" } });
    commit("fix: a");
    expect((await create()).release.version).toBe("0.1.1");
    commit("fix: b");
    commit("feat: c");
    expect((await create()).release.version).toBe("0.2.0");
    commit("feat!: d");
    expect((await create({ prerelease: "rc" })).release.version).toBe("0.3.0-rc.1");
    commit("fix: e");
    expect((await create({ prerelease: "rc" })).release.version).toBe("0.3.0-rc.2");
    commit("docs: f");
    expect((await create()).release.version).toBe("0.3.0");
    const versions = (await releasesOf(workspace.session(ada)).list()).map(({ version }) => version);
    expect(versions).toEqual(["0.3.0", "0.3.0-rc.2", "0.3.0-rc.1", "0.2.0", "0.1.1", "0.1.0"]);
  });

  it("a fresh clone goes on after the tags in its history", async () => {
    git("tag", "v1.4.0");
    git("tag", "not-a-version");
    git("tag", "v1.5");
    commit("feat: a");
    git("checkout", "--quiet", "-b", "other");
    commit("feat: elsewhere");
    git("tag", "v9.0.0");
    git("checkout", "--quiet", "main");
    expect((await create({ dryRun: true })).release.version).toBe("1.5.0");
    expect(await releasesOf(workspace.session(ada)).list()).toEqual([]);
  });

  it("makes an annotated tag of what is released", async () => {
    const head = git("rev-parse", "HEAD");
    const { release, tag } = await create({ tag: true });
    expect(tag).toBe("v0.1.0");
    expect(git("cat-file", "-t", "v0.1.0")).toBe("tag");
    expect(git("rev-parse", "v0.1.0^{commit}")).toBe(head);
    expect(git("tag", "--list", "--format=%(contents)", "v0.1.0")).toContain(`Lotse-Release: ${release.id}`);
    // Again is no mistake.
    expect(await create({ tag: true })).toMatchObject({ tag: "v0.1.0", created: { created: false } });
  });

  it("makes no tag, and no release, that nobody could believe", async () => {
    git("tag", "v1.0.0");
    commit("feat: a");
    expect(await codeOf(create({ version: "1.0.0", tag: true }))).toBe("release.tag");
    workspace.write("app/server.js", "// not committed\n");
    expect(await codeOf(create({ version: "1.1.0", tag: true }))).toBe("release.tag");
    expect(await releasesOf(workspace.session(ada)).list()).toEqual([]);
    const { release } = await create({ version: "1.1.0" });
    expect(release).toMatchObject({ commit: git("rev-parse", "HEAD"), dirty: true });
    expect(git("tag", "--list")).toBe("v1.0.0");
  });

  it("notes tell what lies between, from the version before where none is named", async () => {
    await create({ tag: true });
    commit("feat(ui): one");
    await create({ version: "0.2.0-rc.1", tag: true });
    commit("fix: two");
    await create({ version: "0.2.0" });
    commit("feat: three");
    const session = workspace.session(ada);
    const told = async (range: string) =>
      (await releaseNotes(session, range)).groups.flatMap(({ entries }) =>
        entries.map(({ subject }) => subject),
      );
    expect(await told("0.2.0")).toEqual(["one", "two"]);
    expect(await told("v0.2.0-rc.1")).toEqual(["one"]);
    expect(await told("0.2.0-rc.1..0.2.0")).toEqual(["two"]);
    expect(await told("HEAD")).toEqual(["three"]);
    expect(await told("0.1.0..HEAD")).toEqual(["three", "one", "two"]);
    expect(await told("0.1.0")).toEqual(["begin"]);
    const all = await changelog(session);
    expect(all.map(({ from, to }) => [from, to])).toEqual([
      ["0.2.0", "Unreleased"],
      ["0.1.0", "0.2.0"],
      [null, "0.1.0"],
    ]);
    for (const range of ["0.2.0..", "..0.2.0", "a..b..c", ""]) {
      expect(await codeOf(releaseNotes(session, range))).toBe("usage.argument");
    }
    expect(await codeOf(releaseNotes(session, "9.9.9"))).toBe("release.not-found");
  });

  it("a hotfix of an older release, and its backport, tell what they fix and nothing else", async () => {
    await create({ version: "1.2.0", tag: true });
    commit("feat: search");
    const fix = commit("fix: the leak", "app/leak.js");
    expect((await create({ tag: true })).release.version).toBe("1.3.0");

    git("switch", "--quiet", "--create", "hotfix", "v1.2.0");
    git("cherry-pick", fix);
    const backport = await create({ dryRun: true });
    expect(backport.release.version).toBe("1.3.1");
    expect(backport.warnings).toEqual([
      expect.stringMatching(/^1\.3\.0 is not in the history .*--version$/u),
    ]);
    const { release, warnings } = await create({ version: "1.2.1", tag: true });
    expect({ commit: release.commit, warnings }).toEqual({ commit: git("rev-parse", "HEAD"), warnings: [] });
    git("switch", "--quiet", "main");

    const session = workspace.session(ada);
    const told = async (range: string) => {
      const { from, groups } = await releaseNotes(session, range);
      return [from, ...groups.flatMap(({ entries }) => entries.map(({ subject }) => subject))];
    };
    expect(await told("1.2.1")).toEqual(["1.2.0", "the leak"]);
    // What came before 1.3.0 has the fix by another commit; 1.3.0 has both.
    expect(await told("1.3.0")).toEqual(["1.2.1", "search", "the leak"]);
    expect((await changelog(session)).map(({ to }) => to)).toEqual(["1.3.0", "1.2.1", "1.2.0"]);
    commit("fix: more");
    expect(await create({})).toMatchObject({ release: { version: "1.3.1" }, warnings: [] });
  });

  it("a commit that is no commit's name never reaches git", async () => {
    const { release } = await create({ version: "1.0.0" });
    const session = workspace.session(ada);
    for (const [from, to] of [
      [null, "--output=/tmp/x"],
      ["--output=/tmp/x", release.commit ?? ""],
      [null, "HEAD"],
      [null, "0".repeat(40)],
    ] as const) {
      expect(await codeOf(commitsBetween(session, from, to))).toBe("release.commits");
    }
  });
});

it("pruning keeps what runs, what runs after going back, and what is on its way", async () => {
  const ids: string[] = [];
  for (let minor = 0; minor < 6; minor++) {
    workspace.write("app/server.js", `// ${minor}\n`);
    ids.push((await create({ version: `1.${minor}.0` })).release.id);
  }
  const session = workspace.session(ada);
  const at = "2026-01-01T00:00:00.000Z";
  const entry = (index: number) => ({
    rollout: `r${index}`,
    release: ids[index] ?? "",
    version: `1.${index}.0`,
    colour: "blue" as const,
  });
  await openDeployments(session.state).write({
    schema: 1,
    ...acme,
    current: { ...entry(2), since: at },
    pending: { ...entry(3), by: "user:ada", startedAt: at },
    history: [
      { ...entry(4), status: "rolled-back", by: "user:ada", at },
      { ...entry(2), status: "deployed", by: "user:ada", at },
      { ...entry(1), status: "deployed", by: "user:ada", at },
      { ...entry(0), status: "deployed", by: "user:ada", at },
    ],
  });
  const dry = await pruneReleases(session, { keep: 1, dryRun: true });
  expect(dry.plan.removed.map(({ version }) => version)).toEqual(["1.4.0", "1.0.0"]);
  const extra = () => Promise.resolve(new Set([ids[0] ?? ""]));
  const { plan } = await pruneReleases(session, { keep: 1, inUse: extra });
  expect(plan.removed.map(({ version }) => version)).toEqual(["1.4.0"]);
  expect((await verifyReleases(session, undefined)).every(({ ok }) => ok)).toBe(true);
  writeFileSync(join(session.state, "state/deployments/prod/acme.json"), "damaged");
  expect(await codeOf(pruneReleases(session, { keep: 1 }))).toBe("rollout.state");
  expect(await releasesOf(session).list()).toHaveLength(5);
});
