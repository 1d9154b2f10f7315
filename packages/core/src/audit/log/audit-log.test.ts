import { appendFile, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditedChange } from "../../kernel/index.ts";
import { MemoryAuditStore } from "../store/memory-store.ts";
import { fileWitness } from "../witness/file-witness.ts";
import { collect, event, TestLog } from "../testing/fixtures.ts";
import { WriterLock } from "../disk/writer-lock.ts";
import { formatProof, parseProof, verifyConsistencyProof, verifyProof } from "./prove.ts";
import { verifyExport } from "./export.ts";
import type { AuditLog } from "./audit-log.ts";

let test: TestLog;
let log: AuditLog;
beforeEach(async () => {
  test = await TestLog.make();
  log = test.open();
});
afterEach(() => test.dispose());

const bob = { kind: "ci", id: "bob" } as const;

describe("append", () => {
  it("counts entries over the log and each actor, and stores what it was told", async () => {
    expect(await log.append(event("a"))).toEqual({ index: 0, sequence: 1 });
    expect(await log.append(event("b", { actor: bob }))).toEqual({ index: 1, sequence: 1 });
    const full = {
      version: "v1",
      fingerprint: "hmac:1",
      correlation: "pipeline-7",
      outcome: "denied",
      details: { code: "secret.denied", tries: 3, final: true },
    } as const;
    expect(await log.append(event("c", full))).toEqual({ index: 2, sequence: 2 });
    expect(await log.show(2)).toEqual({
      index: 2,
      dropped: false,
      time: "2030-01-01T00:00:03.000Z",
      actor: { kind: "user", id: "alice@example.com" },
      sequence: 2,
      scope: { environment: "production", tenant: "acme" },
      action: "secret.read",
      object: "c",
      request: "request-1",
      personal: {},
      ...full,
    });
    expect((await log.show(1)).correlation).toBe("request-1");
  });

  it("writes no id and no personal value into the entries", async () => {
    await log.append(event("a", { personal: { subject: "carol", values: { address: "192.0.2.77" } } }));
    const entries = await readFile(join(test.directory, "entries", "00000000.jsonl"), "utf8");
    expect(entries).not.toMatch(/alice|carol|192\.0\.2/u);
    expect((await log.show(0)).personal).toEqual({ address: "192.0.2.77" });
  });

  it("is for this user alone", async () => {
    await log.append(event("a", { personal: { subject: "carol", values: { address: "192.0.2.77" } } }));
    await log.close();
    const names = await readdir(test.directory, { recursive: true });
    expect(names.length).toBeGreaterThan(6);
    for (const name of names) {
      const { mode } = await stat(join(test.directory, name));
      expect([name, mode & 0o077]).toEqual([name, 0]);
    }
  });

  it("makes nothing before it is called", async () => {
    expect(await log.verify()).toMatchObject({ ok: true, size: 0, origin: null });
    expect(await collect(log.list())).toEqual([]);
    expect([await log.checkpoint(), await log.publicKey()]).toEqual([null, null]);
    expect(await log.anchor()).toEqual([]);
    await expect(log.show(0)).rejects.toMatchObject({ code: "audit.not-found" });
    await expect(log.prove(0)).rejects.toMatchObject({ code: "audit.not-found" });
    await log.close();
    await expect(stat(test.directory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("gives many at once dense numbers, from several openings", async () => {
    const logs = [log, test.open(), test.open()];
    const receipts = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        (logs[at % 3] as AuditLog).append(event(`o-${at}`, at % 2 === 0 ? { actor: bob } : {})),
      ),
    );
    expect(receipts.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...receipts.keys()]);
    const ofBob = receipts.filter((_, at) => at % 2 === 0).map(({ sequence }) => sequence);
    expect(ofBob.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, at) => at + 1));
    expect(await log.verify()).toMatchObject({ ok: true, size: 300, unsigned: 0 });
    // Each answer is the place where the entry really is.
    for (const at of [0, 1, 150, 299]) {
      expect((await log.show(receipts[at]?.index as number)).object).toBe(`o-${at}`);
    }
  });

  it("goes on where it ended, also without a snapshot", async () => {
    await log.append(event("a"));
    await log.close();
    expect(await test.open().append(event("b"))).toEqual({ index: 1, sequence: 2 });
    expect(await test.open().append(event("c"))).toEqual({ index: 2, sequence: 3 });
  });

  it("tells of a clock that went back, and of one that seems to have", async () => {
    await log.append(event("a"));
    test.clock.set("2029-01-01T00:00:00.000Z");
    await log.append(event("b"));
    expect(await log.verify()).toMatchObject({ ok: true, clockSteps: 1 });
    expect((await readFile(join(test.directory, "entries/00000000.jsonl"), "utf8")).split("\n")[1]).toContain(
      `"clockStepMs":${365 * 86_400_000}`,
    );
  });

  it("does not refuse other events because one is beyond bounds", async () => {
    const results = await Promise.allSettled([
      log.append(event("a")),
      log.append(event("x".repeat(5000))),
      log.append(event("b", { action: "no action" })),
      log.append(event("c", { personal: { subject: "s", values: { note: "x".repeat(5000) } } })),
      log.append(event("d", { actor: { kind: "user", id: "x".repeat(2000) } })),
      log.append(event("e", { details: { nan: Number.NaN } })),
      log.append(event("e", { actor: { kind: "user", id: "half \ud83d" } })),
      log.append(event("e", { personal: { subject: "s", values: { note: "a\0b" } } })),
      log.append(event("f")),
    ]);
    expect(results.map(({ status }) => status).join(" ")).toBe(
      "fulfilled rejected rejected rejected rejected rejected rejected rejected fulfilled",
    );
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "audit.unavailable" });
    }
    expect(await log.verify()).toMatchObject({ ok: true, size: 2 });
  });

  it("works with a store in memory", async () => {
    const memory = test.open({ store: new MemoryAuditStore() });
    await Promise.all([1, 2, 3].map((at) => memory.append(event(`o-${at}`))));
    expect(await memory.verify()).toMatchObject({ ok: true, size: 3 });
    expect(verifyProof(await memory.prove(1), (await memory.publicKey()) as string).proof.index).toBe(1);
  });
});

describe("append fails, and with it what was to be recorded", () => {
  const unavailable = { code: "audit.unavailable" };

  it("when the directory cannot be made", async () => {
    await writeFile(test.directory, "a file in its place");
    await expect(log.append(event("a"))).rejects.toMatchObject(unavailable);
  });

  it("when the disk is full, and goes on when it is not", async () => {
    await log.append(event("a"));
    await mkdir(join(test.root, "full/entries"), { recursive: true, mode: 0o700 });
    await symlink("/dev/full", join(test.root, "full/entries/00000000.jsonl"));
    const full = test.open({ directory: join(test.root, "full"), witnesses: [] });
    await expect(full.append(event("b"))).rejects.toMatchObject(unavailable);
    expect(await log.append(event("c"))).toEqual({ index: 1, sequence: 2 });
  });

  it("when another process holds the lock for too long", async () => {
    await log.append(event("a"));
    const release = await new WriterLock(join(test.directory, "lock"), 1000).acquire();
    const impatient = test.open({ files: { lockTimeoutMs: 50 } });
    await expect(impatient.append(event("b"))).rejects.toMatchObject({
      ...unavailable,
      retryable: true,
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await release();
    expect(await impatient.append(event("b"))).toEqual({ index: 1, sequence: 2 });
  });

  it("when the key is gone or another", async () => {
    await log.append(event("a"));
    await writeFile(join(test.directory, "key"), "");
    await expect(test.open().append(event("b"))).rejects.toMatchObject(unavailable);
  });

  it("when a complete line at the end is no entry", async () => {
    await log.append(event("a"));
    await appendFile(join(test.directory, "entries/00000000.jsonl"), "nonsense\n");
    await expect(test.open().append(event("b"))).rejects.toMatchObject(unavailable);
    await expect(log.append(event("b"))).rejects.toMatchObject(unavailable);
  });

  it("when the witness that is told at once cannot be reached", async () => {
    await log.append(event("a"));
    const down = { ...deaf(), eager: true };
    await expect(test.open({ witnesses: [down] }).append(event("b"))).rejects.toMatchObject(unavailable);
    // A witness that is told later does not keep anybody from working.
    await test.open({ witnesses: [deaf()] }).append(event("c"));
  });

  it("and the change does not happen", async () => {
    await writeFile(test.directory, "a file in its place");
    let happened = false;
    const change = auditedChange(log, { ...event("a") }, () => {
      happened = true;
      return Promise.resolve();
    });
    await expect(change).rejects.toMatchObject(unavailable);
    expect(happened).toBe(false);
  });

  it("but a torn line at the end is cut off: nobody was told that it was recorded", async () => {
    await log.append(event("a"));
    for (const torn of ['{"action":"secret.re', "\0\0\0\0\0\0\0\0\n", '{"a":1}\0\0\0']) {
      await appendFile(join(test.directory, "entries/00000000.jsonl"), torn);
      await test.open().append(event("b"));
    }
    expect(await log.verify()).toMatchObject({ ok: true, size: 4 });
  });
});

function deaf(): { name: string; eager: boolean; latest(): Promise<never>; accept(): Promise<never> } {
  const fail = (): Promise<never> => Promise.reject(new Error("no connection"));
  return { name: "deaf", eager: false, latest: fail, accept: fail };
}

describe("verify", () => {
  it("counts changes that were announced and not reported", async () => {
    await auditedChange(log, event("done"), () => Promise.resolve());
    await auditedChange(log, event("failed"), () => Promise.reject(new Error("no"))).catch(() => undefined);
    await log.append(event("open", { outcome: "intent" }));
    expect(await log.verify()).toMatchObject({ ok: true, size: 5, openIntents: 1 });
  });

  it("says what it cannot know when a witness cannot be asked", async () => {
    await log.append(event("a"));
    expect(await test.open({ witnesses: [test.witness(), deaf()] }).verify()).toMatchObject({
      ok: false,
      firstBadIndex: null,
      fault: "unreachable",
      witnesses: [
        { status: "agrees", size: 1 },
        { status: "unreachable", size: null },
      ],
    });
  });

  it("takes the key that it is given", async () => {
    await log.append(event("a"));
    const publicKey = (await log.publicKey()) as string;
    expect(await log.verify({ publicKey })).toMatchObject({ ok: true });
    const other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    expect(await log.verify({ publicKey: other })).toMatchObject({ ok: false });
  });

  it("agrees while others write", async () => {
    const writer = test.open();
    const writing = (async () => {
      for (let at = 0; at < 40; at++) {
        await Promise.all(Array.from({ length: 40 }, (_, n) => writer.append(event(`o-${at}-${n}`))));
      }
    })();
    let checks = 0;
    const state = { done: false };
    void writing.then(() => (state.done = true));
    while (!state.done) {
      expect(await log.verify()).toMatchObject({ ok: true, reason: null });
      checks += 1;
      await wait(1);
    }
    await writing;
    expect(checks).toBeGreaterThan(0);
    expect(await log.verify()).toMatchObject({ ok: true, size: 1600 });
  });
});

describe("list", () => {
  beforeEach(async () => {
    for (let at = 0; at < 6; at++) {
      const environment = at < 3 ? "production" : "staging";
      await log.append(
        event(`db.${at % 2 === 0 ? "user" : "password"}`, {
          actor: at === 4 ? bob : { kind: "user", id: "alice@example.com" },
          scope: { environment, tenant: at === 5 ? "globex" : "acme" },
          action: at === 0 ? "config.set" : "secret.read",
          outcome: at === 3 ? "denied" : "success",
          request: `request-${at}`,
          correlation: at < 2 ? "run-1" : "run-2",
        }),
      );
    }
  });

  it.each<[string, Parameters<AuditLog["list"]>[0], number[]]>([
    ["all, the newest first", {}, [5, 4, 3, 2, 1, 0]],
    ["the oldest first", { first: "oldest", limit: 2 }, [0, 1]],
    ["a limit", { limit: 1 }, [5]],
    ["no more than none", { limit: 0 }, []],
    ["an actor", { actor: "bob" }, [4]],
    ["an actor that is unknown", { actor: "carol" }, []],
    ["an environment", { environment: "production" }, [2, 1, 0]],
    ["a tenant", { tenant: "globex" }, [5]],
    ["an action", { action: "config.set" }, [0]],
    ["actions on a noun", { action: "secret", environment: "production" }, [2, 1]],
    ["no half words", { action: "secr" }, []],
    ["objects by how they begin", { objectPrefix: "db.pass" }, [5, 3, 1]],
    ["an outcome", { outcome: "denied" }, [3]],
    ["a request", { request: "request-2" }, [2]],
    ["a correlation", { correlation: "run-1" }, [1, 0]],
    ["since", { since: new Date("2030-01-01T00:00:05.000Z") }, [5, 4]],
    ["until", { until: new Date("2030-01-01T00:00:03.000Z") }, [1, 0]],
  ])("finds %s", async (_, filter, expected) => {
    expect((await collect(log.list(filter))).map(({ index }) => index)).toEqual(expected);
  });

  it("shows single entries, and none that are not there", async () => {
    expect((await log.show(4)).actor).toEqual(bob);
    for (const index of [6, -1, 1.5, Number.NaN]) {
      await expect(log.show(index)).rejects.toMatchObject({ code: "audit.not-found" });
    }
  });
});

describe("proofs", () => {
  it("of every entry hold without the log, as JSON and as text", async () => {
    for (let at = 0; at < 7; at++) await log.append(event(`o-${at}`));
    const publicKey = (await log.publicKey()) as string;
    for (let index = 0; index < 7; index++) {
      const proof = await log.prove(index);
      const { checkpoint } = verifyProof(JSON.parse(JSON.stringify(proof)), publicKey);
      expect(checkpoint.size).toBe(7);
      const text = formatProof(proof);
      expect(text).toMatch(/^c2sp\.org\/tlog-proof@v1\nextra \S+\nindex \d\n/u);
      expect(parseProof(text)).toEqual(proof);
      expect(verifyProof(text, publicKey).proof).toEqual(proof);
    }
    await expect(log.prove(7)).rejects.toMatchObject({ code: "audit.not-found" });
  });

  it("do not hold when anything in them is changed", async () => {
    for (let at = 0; at < 7; at++) await log.append(event(`o-${at}`));
    const publicKey = (await log.publicKey()) as string;
    const proof = await log.prove(3);
    const other = await log.prove(4);
    for (const wrong of [
      { ...proof, index: 2 },
      { ...proof, entry: other.entry },
      { ...proof, leafHash: other.leafHash },
      { ...proof, entry: null, leafHash: other.leafHash },
      { ...proof, hashes: other.hashes },
      { ...proof, hashes: [] },
      { ...proof, size: 6 },
      { ...proof, checkpoint: proof.checkpoint.replace("\n7\n", "\n8\n"), size: 8 },
      { ...proof, more: 1 },
      null,
      "nonsense",
      formatProof(proof).replace("index 3", "index 03"),
    ]) {
      expect(() => verifyProof(wrong, publicKey)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^audit\.(corrupt|checkpoint)$/u) as string }),
      );
    }
  });

  it("of growth hold between all sizes", async () => {
    const roots: string[] = [];
    for (let at = 0; at < 6; at++) {
      await log.append(event(`o-${at}`));
      roots.push((await log.checkpoint())?.root.toString("base64") as string);
    }
    for (let oldSize = 1; oldSize <= 6; oldSize++) {
      for (let newSize = oldSize; newSize <= 6; newSize++) {
        const proof = await log.proveConsistency(oldSize, newSize);
        expect([proof.oldRoot, proof.newRoot]).toEqual([roots[oldSize - 1], roots[newSize - 1]]);
        expect(verifyConsistencyProof(proof)).toBe(true);
        const wrong = { ...proof, oldRoot: roots[oldSize % 6] as string };
        expect(verifyConsistencyProof(wrong)).toBe(false);
      }
    }
    await expect(log.proveConsistency(1, 7)).rejects.toMatchObject({ code: "audit.not-found" });
    await expect(log.proveConsistency(3, 2)).rejects.toMatchObject({ code: "audit.not-found" });
  });

  it("are not made from what was tampered with", async () => {
    for (let at = 0; at < 3; at++) await log.append(event(`o-${at}`));
    const path = join(test.directory, "entries/00000000.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replace("o-1", "o-9"));
    await expect(log.prove(1)).rejects.toMatchObject({ code: "audit.corrupt" });
    await log.prove(2);
  });
});

describe("export", () => {
  it("is checked line by line without the log", async () => {
    for (let at = 0; at < 5; at++) await log.append(event(`o-${at}`));
    const publicKey = (await log.publicKey()) as string;
    const lines = await collect(log.export());
    expect(await verifyExport(lines, publicKey)).toEqual({
      ok: true,
      entries: 5,
      size: 5,
      badLine: null,
      reason: null,
    });
    expect(lines.join("\n")).not.toContain("alice");
    const wrong = lines.map((line, at) => (at === 3 ? line.replace("o-2", "o-9") : line));
    expect(await verifyExport(wrong, publicKey)).toMatchObject({ ok: false, badLine: 4, entries: 2 });
    expect(await verifyExport(lines.slice(1), publicKey)).toMatchObject({ ok: false, badLine: 1 });
    expect(await verifyExport([], publicKey)).toMatchObject({ ok: false });
  });

  it("may be a part", async () => {
    for (let at = 0; at < 5; at++) await log.append(event(`o-${at}`));
    const lines = await collect(log.export({ filter: { objectPrefix: "o-3" } }));
    expect(await verifyExport(lines, (await log.publicKey()) as string)).toMatchObject({
      ok: true,
      entries: 1,
      size: 5,
    });
  });
});

describe("anchor", () => {
  it("tells every witness, whatever the others say", async () => {
    const second = fileWitness({ directory: join(test.root, "second"), name: "second" });
    await test.open({ witnesses: [] }).append(event("a"));
    expect(await test.open({ witnesses: [deaf(), test.witness(), second] }).anchor()).toEqual([
      {
        witness: "deaf",
        ok: false,
        size: null,
        error: expect.objectContaining({ code: "audit.unavailable" }),
      },
      { witness: "file", ok: true, size: 1, error: null },
      { witness: "second", ok: true, size: 1, error: null },
    ]);
    await second.close?.();
  });
});
