import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Owner } from "../../core/src/audit/testing/owner.ts";
import type { Ended } from "./cli-runner.ts";
import { SecretDesk } from "./secret-desk.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Entry {
  readonly index: number;
  readonly action: string;
  readonly object: string;
  readonly outcome: string;
  readonly request: string;
  readonly time: string;
  readonly actor: { readonly id: string };
}

let desk: SecretDesk;
const audit = (...args: readonly string[]): Promise<Ended> => desk.lotse(["audit", ...args]);
const log = async (...args: readonly string[]): Promise<readonly Entry[]> =>
  (await desk.json(["audit", "log", ...args])) as readonly Entry[];
const eve = { variables: { LOTSE_ACTOR: "eve" } };

/** Six changes and reads of two actors, of which one was refused: entries 0 to 9. */
const begin = async (): Promise<void> => {
  desk = new SecretDesk();
  await desk.good(["secrets", "init"]);
  await desk.set("prod", { a: "value of a" });
  await desk.set("prod:acme", { b: "value of b" });
  await desk.good(["secrets", "get", "prod:acme", "b"], eve);
  await desk.lotse(["secrets", "get", "prod", "nothing"], eve);
  await desk.good(["config", "get", "dev", "logging.level"]);
};
const end = (): void => desk.dispose();

describe("audit log and show", () => {
  beforeAll(begin);
  afterAll(end);

  it("tell who did what: intents before changes, reads, refusals", async () => {
    const entries = await log("--oldest", "--until", "2100-01-01", "--limit", "9");
    expect(entries.map(({ actor, action, object, outcome }) => [actor.id, action, object, outcome])).toEqual([
      ["ada", "secret.init", ".sops.yaml", "intent"],
      ["ada", "secret.init", ".sops.yaml", "success"],
      ["ada", "secret.write", "a", "intent"],
      ["ada", "secret.write", "a", "success"],
      ["ada", "secret.write", "b", "intent"],
      ["ada", "secret.write", "b", "success"],
      ["eve", "secret.read", "b", "success"],
      ["eve", "secret.read", "nothing", "denied"],
      ["ada", "config.read", "logging.level", "success"],
    ]);
    const text = await desk.good(["audit", "log", "--action", "secret"]);
    expect(text).toMatch(/^ *6 +\S+Z +user:eve +secret\.read +prod:acme +b 1 +success/mu);
    expect(text).not.toContain("value of");
  });

  it.each<[filter: string[], indexes: number[]]>([
    [
      ["--actor", "eve"],
      [7, 6],
    ],
    [
      ["--scope", "prod:acme", "--action", "secret"],
      [6, 5, 4],
    ],
    [
      ["--scope", "prod", "--outcome", "success", "--action", "secret.write"],
      [5, 3],
    ],
    [
      ["--action", "secret.init"],
      [1, 0],
    ],
    [["--object", "noth"], [7]],
    [["--outcome", "denied"], [7]],
    [
      ["--action", "secret", "--limit", "2"],
      [7, 6],
    ],
    [
      ["--action", "secret", "--limit", "2", "--oldest"],
      [0, 1],
    ],
    [["--until", "2020-01-01"], []],
    [["--since", "2100-01-01"], []],
    [["--actor", "nobody"], []],
  ])("filter by %j", async (filter, indexes) => {
    expect((await log(...filter)).map(({ index }) => index)).toEqual(indexes);
  });

  it("filter by request and moment", async () => {
    const [write] = await log("--action", "secret.write", "--object", "b", "--oldest");
    if (write === undefined) throw new Error("no entry");
    expect((await log("--request", write.request)).map(({ index }) => index)).toEqual([5, 4]);
    const before = (await log("--until", write.time, "--oldest")).map(({ index }) => index);
    expect(before).toEqual([0, 1, 2, 3]);
    const since = (await log("--since", write.time, "--oldest")).map(({ index }) => index);
    expect(since.slice(0, 2)).toEqual([4, 5]);
  });

  it.each([
    [["log", "--outcome", "maybe"], 2, "usage.argument"],
    [["log", "--since", "yesterdayish"], 2, "usage.argument"],
    [["log", "--limit", "many"], 2, "usage.argument"],
    [["show", "first"], 2, "usage.argument"],
    [["show", "99999"], 4, "audit.not-found"],
    [["prove", "99999"], 4, "audit.not-found"],
  ])("refuse %j", async (args, status, code) => {
    const ended = await audit(...args);
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringContaining(`[${code}]`)]);
  });

  it("show one entry", async () => {
    expect(await desk.json(["audit", "show", "7"])).toMatchObject({
      index: 7,
      outcome: "denied",
      scope: { environment: "prod" },
      details: { code: "secret.not-found" },
    });
    expect((await audit("show", "6")).stdout).toMatch(/actor +user:eve, their entry number 1/u);
  });
});

describe("audit verify", () => {
  beforeEach(begin);
  afterEach(end);
  const auditDirectory = (): string => desk.path(".lotse/audit");
  const entriesFile = (): string => join(auditDirectory(), "entries/00000000.jsonl");
  const edit = (change: (lines: string[]) => string[]): void => {
    const lines = readFileSync(entriesFile(), "utf8").trimEnd().split("\n");
    writeFileSync(entriesFile(), `${change(lines).join("\n")}\n`);
  };
  /** Whoever makes a log anew keeps the witness away from it. */
  const unwitnessed = () => ({ variables: { XDG_STATE_HOME: join(desk.root, "elsewhere") } });
  const verify = async (...args: readonly string[]) => {
    const { status, stdout } = await audit("verify", "-o", "json", ...args);
    const report = JSON.parse(stdout) as {
      ok: boolean;
      size: number;
      firstBadIndex: number | null;
      reason: string | null;
      fault: string | null;
    };
    expect(status).toBe(report.ok ? 0 : 1);
    return report;
  };

  it("finds nothing in a log that is as it was written, and writes nothing", async () => {
    const before = filesBelow(auditDirectory());
    expect(await verify()).toMatchObject({
      ok: true,
      size: 9,
      firstBadIndex: null,
      reason: null,
      openIntents: 0,
    });
    expect((await audit("verify")).stdout).toMatch(/^ok: all 9 entries/u);
    expect(filesBelow(auditDirectory())).toEqual(before);
  });

  it.each<[what: string, change: (lines: string[]) => string[], bad: number, fault: string]>([
    ["an edited entry", (lines) => lines.with(2, (lines[2] ?? "").replace("prod", "prad")), 2, "edited"],
    ["a removed entry", (lines) => lines.toSpliced(3, 1), 3, "misplaced"],
    ["two swapped entries", (lines) => lines.with(4, lines[5] ?? "").with(5, lines[4] ?? ""), 4, "misplaced"],
    ["an entry put in", (lines) => lines.toSpliced(1, 0, lines[0] ?? ""), 1, "misplaced"],
    ["entries cut off", (lines) => lines.slice(0, 6), 6, "truncated"],
  ])("names the first bad entry of %s, and changes nothing", async (_, change, firstBadIndex, fault) => {
    edit(change);
    const damaged = readFileSync(entriesFile(), "utf8");
    const report = await verify();
    expect(report).toMatchObject({ ok: false, firstBadIndex, fault, reason: expect.any(String) as string });
    expect((await audit("verify")).stdout).toContain(`NOT ok, first bad entry ${firstBadIndex}`);
    expect(readFileSync(entriesFile(), "utf8")).toBe(damaged);
  });

  it("finds entries that were cut off together with checkpoint and hashes", async () => {
    const older = join(desk.root, "older");
    cpSync(auditDirectory(), older, { recursive: true });
    await desk.set("prod", { c: "value of c" });
    rmSync(auditDirectory(), { recursive: true });
    cpSync(older, auditDirectory(), { recursive: true });
    expect(await verify()).toMatchObject({ ok: false, firstBadIndex: 9, fault: "truncated" });
    const before = desk.read("environments/prod/secrets/prod.yml");
    const { status, stderr } = await desk.lotse(["secrets", "set", "prod", "a"], { input: "x" });
    expect([status, stderr]).toEqual([6, expect.stringContaining("[audit.unavailable]")]);
    expect(desk.read("environments/prod/secrets/prod.yml")).toBe(before);
  });

  it("finds the whole log removed; a new one begins with restart only", async () => {
    rmSync(auditDirectory(), { recursive: true });
    expect(await verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "truncated" });
    expect(existsSync(entriesFile())).toBe(false);
    const refused = await desk.lotse(["secrets", "get", "prod", "a"]);
    expect([refused.status, refused.stdout]).toEqual([6, ""]);
    expect(refused.stderr).toContain("[audit.unavailable]");
    expect((await audit("restart")).status).toBe(2);
    const restarted = (await desk.json(["audit", "restart", "--reason", "the disk was full"])) as {
      kept: string[];
    };
    expect(restarted.kept.length).toBeGreaterThan(0);
    for (const kept of restarted.kept) expect(existsSync(kept), kept).toBe(true);
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("value of a");
    expect(await log("--oldest", "--limit", "1")).toMatchObject([
      { index: 0, action: "audit.restart", details: { reason: "the disk was full" } },
    ]);
    expect(await verify()).toMatchObject({ ok: true });
  });

  it("finds an entry that was changed, with every hash made anew and signed with the log's own key", async () => {
    const owner = new Owner(auditDirectory());
    await owner.edit((lines) => lines.with(2, (lines[2] ?? "").replace('"prod"', '"dev"')));
    await owner.cover();
    const alone = await desk.lotse(["audit", "verify", "-o", "json"], unwitnessed());
    expect(alone.status, "by itself it fits").toBe(0);
    expect(await verify()).toMatchObject({ ok: false, firstBadIndex: 2, fault: "rewritten" });
  });

  it("finds a whole log that was made anew, with another key; it can be read, and takes nothing", async () => {
    rmSync(auditDirectory(), { recursive: true });
    for (let at = 0; at < 6; at++) {
      const done = await desk.lotse(["secrets", "set", "prod", "a"], {
        ...unwitnessed(),
        input: `other ${at}`,
      });
      expect(done.status, done.stderr).toBe(0);
    }
    expect((await desk.lotse(["audit", "verify"], unwitnessed())).status, "by itself it fits").toBe(0);
    expect(await verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "rewritten" });
    expect((await desk.lotse(["secrets", "get", "prod", "a"])).status).toBe(6);
    // What happened can be read all the same, since that is when people need it.
    const read = await audit("log", "-o", "json");
    expect([read.status, read.stderr]).toEqual([0, expect.stringContaining("[audit.unavailable]")]);
    expect(JSON.parse(read.stdout)).toHaveLength(12);
  });

  it("checks the key that somebody trusts", async () => {
    const { key } = (await desk.json(["audit", "anchor"])) as { key: string };
    expect(await verify("--key", key)).toMatchObject({ ok: true });
    const other = new SecretDesk();
    try {
      const foreign = (await other.json(["audit", "anchor"])) as { key: string };
      expect(await verify("--key", foreign.key)).toMatchObject({ ok: false });
    } finally {
      other.dispose();
    }
  });
});

describe("proofs and exports", () => {
  let key: string;
  beforeAll(async () => {
    await begin();
    ({ key } = (await desk.json(["audit", "anchor"])) as { key: string });
    desk.writeAt(join(desk.root, "outside/proof"), await desk.good(["audit", "prove", "6"]));
    desk.writeAt(
      join(desk.root, "outside/proof.json"),
      await desk.good(["audit", "prove", "6", "-o", "json"]),
    );
    desk.writeAt(join(desk.root, "outside/export"), await desk.good(["audit", "export", "--scope", "prod"]));
  });
  afterAll(end);
  const outside = (args: readonly string[]): Promise<Ended> =>
    desk.lotse(["audit", "verify", ...args, "-o", "json"], {
      cwd: "outside",
      variables: { HOME: "/nonexistent" },
    });
  const change = (file: string, from: RegExp, to: string): string => {
    const text = readFileSync(join(desk.root, "outside", file), "utf8");
    expect(text).toMatch(from);
    desk.writeAt(join(desk.root, "outside/changed"), text.replace(from, to));
    return "changed";
  };

  it.each(["proof", "proof.json"])("%s is checked without the log", async (file) => {
    const { status, stdout, stderr } = await outside(["--proof", file, "--key", key]);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, entries: 1, badLine: null });
  });

  it("an export is checked without the log, and names nobody", async () => {
    const { status, stdout } = await outside(["--export", "export", "--key", key]);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { ok: true, entries: 6 }]);
    const text = readFileSync(join(desk.root, "outside/export"), "utf8");
    expect(text).not.toMatch(/\b(?:ada|eve)\b/u);
  });

  it("refuses what was changed, another key, and a missing one", async () => {
    const wrong = change("proof", /[A-Za-z0-9+/]{43}=/u, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    expect((await outside(["--proof", wrong, "--key", key])).status).toBe(1);
    const other = change("export", /"secret\.write"|secret\.write/u, "secret.wrote");
    const { status, stdout } = await outside(["--export", other, "--key", key]);
    expect([status, JSON.parse(stdout)]).toMatchObject([
      1,
      { ok: false, badLine: expect.any(Number) as number },
    ]);
    expect((await outside(["--proof", "proof"])).status).toBe(2);
    expect((await outside(["--proof", "nowhere", "--key", key])).status).toBe(3);
    const foreign = new SecretDesk();
    try {
      const anchored = (await foreign.json(["audit", "anchor"])) as { key: string };
      expect((await outside(["--proof", "proof", "--key", anchored.key])).status).toBe(1);
      expect((await outside(["--export", "export", "--key", anchored.key])).status).toBe(1);
    } finally {
      foreign.dispose();
    }
  });

  it("a proof of consistency leads from an older size to the present one", async () => {
    const proof = await desk.json(["audit", "prove", "--consistency", "4"]);
    expect(proof).toMatchObject({ hashes: expect.any(Array) as string[] });
    expect((proof as { hashes: string[] }).hashes.length).toBeGreaterThan(0);
  });
});

describe("a git remote as witness", () => {
  beforeEach(async () => {
    desk = new SecretDesk();
    await desk.run("git", ["init", "-q", "--bare", "witness.git"], { cwd: "." });
    const witness = `audit:\n  witnesses:\n    - { type: git, remote: "${join(desk.root, "witness.git")}" }\n`;
    desk.write("lotse.yml", desk.read("lotse.yml") + witness);
    await desk.good(["secrets", "init"]);
    await desk.set("prod", { a: "value of a" });
  });
  afterEach(end);

  it("remembers the log, and tells when all of it was removed and begun anew", async () => {
    const anchored = await desk.json(["audit", "anchor"]);
    expect(anchored).toMatchObject({
      ok: true,
      size: 5,
      witnesses: [
        { witness: "state", ok: true },
        { witness: "git-1", ok: true, size: 5 },
      ],
    });
    const remote = await desk.run("git", ["-C", "witness.git", "for-each-ref", "--format=%(refname)"], {
      cwd: ".",
    });
    expect(remote.stdout).toMatch(/^refs\/lotse\/audit/mu);
    await desk.set("prod", { b: "value of b" });
    expect((await audit("verify")).status).toBe(0);
    rmSync(desk.path(".lotse"), { recursive: true });
    rmSync(join(desk.home, ".local/state"), { recursive: true });
    const { status, stdout } = await audit("verify", "-o", "json");
    expect([status, JSON.parse(stdout)]).toMatchObject([
      1,
      { ok: false, witnesses: [{ name: "state" }, { name: "git-1", reason: expect.any(String) as string }] },
    ]);
    expect((await audit("anchor")).status).not.toBe(0);
  });
});

describe("a log that cannot be written", () => {
  const plain = "environments/prod/secrets/prod.yml";
  beforeAll(async () => {
    await begin();
    desk.write("plain.json", '{"a": "b"}\n');
    rmSync(desk.path(".lotse/audit"), { recursive: true });
    writeFileSync(desk.path(".lotse/audit"), "in the way");
  });
  afterAll(end);

  it.each<[args: string[]]>([
    [["secrets", "set", "prod", "a"]],
    [["secrets", "remove", "prod", "a"]],
    [["secrets", "get", "prod", "a"]],
    [["secrets", "rekey", "--recursive"]],
    [["secrets", "export", "prod", "--format", "dotenv", "--to", "out"]],
    [["secrets", "encrypt", "-i", "plain.json"]],
    [["secrets", "decrypt", plain, "--out", "out"]],
    [["secrets", "edit", "prod"]],
    [["secrets", "sign", plain]],
    [["secrets", "git-setup"]],
    [["exec", "prod", "--", "touch", "out"]],
    [["config", "set", "environments/dev/dev.yml", "logging.level", "warn"]],
    [["config", "get", "dev", "logging.level"]],
  ])("stops %j before it does anything", async (args) => {
    const before = filesBelow(desk.directory, ".lotse");
    const { status, stdout, stderr } = await desk.lotse(args, {
      input: "new value",
      variables: { EDITOR: "false" },
    });
    expect([status, stdout]).toEqual([6, ""]);
    expect(stderr).toContain("[audit.unavailable]");
    expect(stderr).toMatch(/hint: /u);
    expect(filesBelow(desk.directory, ".lotse")).toEqual(before);
  });
});

describe("forgetting", () => {
  beforeEach(begin);
  afterEach(() => {
    vi.useRealTimers();
    end();
  });

  it("erases a person, and every proof stays", async () => {
    const { key } = (await desk.json(["audit", "anchor"])) as { key: string };
    desk.write("proof", await desk.good(["audit", "prove", "6"]));
    await desk.good(["audit", "erase", "eve"]);
    expect(await log("--actor", "eve")).toEqual([]);
    expect(await desk.json(["audit", "show", "6"])).toMatchObject({ actor: { id: "[erased]" }, object: "b" });
    const state = [...filesBelow(desk.path(".lotse/audit")).values()].join("\n");
    expect(state).not.toMatch(/"eve"/u);
    expect(await desk.json(["audit", "verify"])).toMatchObject({ ok: true, erased: 1, firstBadIndex: null });
    expect((await audit("verify", "--proof", "proof", "--key", key)).status).toBe(0);
    expect(await desk.good(["secrets", "get", "prod", "a"], eve)).toBe("value of a");
    expect(await log("--actor", "eve")).toHaveLength(1);
  });

  it("drops what is older than its environment's term, and the log still verifies", async () => {
    desk.write("lotse.yml", `${desk.read("lotse.yml")}audit:\n  retention-days: { prod: 30 }\n`);
    expect(await desk.json(["audit", "retention"])).toMatchObject({ entries: 0, applied: false });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 24 * 3600_000 });
    expect(await desk.json(["audit", "retention"])).toMatchObject({ entries: 6, applied: false });
    expect(await desk.json(["audit", "show", "3"])).toMatchObject({ action: "secret.write" });
    expect(await desk.json(["audit", "retention", "--apply"])).toMatchObject({ entries: 6, applied: true });
    expect(await desk.json(["audit", "show", "3"])).toMatchObject({ index: 3, time: null, action: null });
    expect(await desk.json(["audit", "show", "8"])).toMatchObject({ action: "config.read" });
    expect(await desk.json(["audit", "verify"])).toMatchObject({ ok: true, dropped: 6 });
    expect(await desk.json(["audit", "retention"])).toMatchObject({ entries: 0 });
  });
});

/** All files below a directory with what is in them. */
function filesBelow(directory: string, except?: string): ReadonlyMap<string, string> {
  mkdirSync(directory, { recursive: true });
  const found = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => except === undefined || !path.startsWith(join(directory, except)));
  return new Map(found.map((path) => [path, readFileSync(path, "latin1")]));
}
