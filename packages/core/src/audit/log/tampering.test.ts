import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson } from "../../kernel/index.ts";
import { dropLine } from "../entry/line.ts";
import { readKeyFile } from "../note/key-file.ts";
import { Owner } from "../testing/owner.ts";
import { event, officer, TestLog } from "../testing/fixtures.ts";
import { cosigningWitness } from "../witness/cosigning-witness.ts";
import type { FaultKind } from "./report.ts";

const size = 9;

/** Fills a log; every third entry is by somebody else, and every entry has personal data. */
async function fill(test: TestLog, count = size): Promise<void> {
  const log = test.open();
  for (let at = 0; at < count; at++) {
    await log.append(
      event(`object-${at}`, {
        ...(at % 3 === 2 && { actor: { kind: "ci", id: "pipeline" } }),
        personal: { subject: "carol", values: { address: `192.0.2.${at}` } },
      }),
    );
  }
  await log.close();
}

function swap(lines: string[], a: number, b: number): string[] {
  return lines.with(a, lines[b] as string).with(b, lines[a] as string);
}

/** Writes an entry anew, with another object. */
function forge(line: string): string {
  return canonicalJson({ ...(JSON.parse(line) as object), object: "forged" });
}

type Tampering = (owner: Owner, test: TestLog) => Promise<void>;

/** By somebody who can write the files, and does not think of the rest. */
const clumsy: [string, Tampering, number, FaultKind][] = [
  [
    "a letter of the first entry",
    (o) => o.edit((l) => l.with(0, l[0]?.replace("object-0", "objeKt-0") as string)),
    0,
    "edited",
  ],
  [
    "a letter of an entry",
    (o) => o.edit((l) => l.with(4, l[4]?.replace("object-4", "objeKt-4") as string)),
    4,
    "edited",
  ],
  [
    "a letter of the last entry",
    (o) => o.edit((l) => l.with(8, l[8]?.replace("object-8", "objeKt-8") as string)),
    8,
    "edited",
  ],
  ["an entry to nonsense", (o) => o.edit((l) => l.with(4, "nonsense")), 4, "edited"],
  ["an entry to nothing", (o) => o.edit((l) => l.with(4, "")), 4, "edited"],
  [
    "a byte to one that is no text",
    (o) => o.change("entries/00000000.jsonl", "object-4", "obj\u00ffct-4"),
    4,
    "edited",
  ],
  [
    "the order of keys",
    (o) =>
      o.edit((l) =>
        l.with(
          4,
          JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(l[4] as string) as object).reverse())),
        ),
      ),
    4,
    "edited",
  ],
  ["spaces", (o) => o.edit((l) => l.with(4, ` ${l[4]}`)), 4, "edited"],
  ["a key twice", (o) => o.edit((l) => l.with(4, l[4]?.replace("{", '{"v":1,') as string)), 4, "edited"],
  ["the first entry away", (o) => o.edit((l) => l.toSpliced(0, 1)), 0, "misplaced"],
  ["an entry away", (o) => o.edit((l) => l.toSpliced(4, 1)), 4, "misplaced"],
  ["the last entry away", (o) => o.edit((l) => l.slice(0, -1)), 8, "truncated"],
  ["all entries away", (o) => o.edit(() => []), 0, "truncated"],
  ["the directory of entries away", (o) => o.remove("entries"), 0, "truncated"],
  [
    "the last entries away, and a part of one",
    async (o) => {
      const lines = await o.lines();
      await o.write(lines.slice(0, 6));
      await o.change("entries/00000000.jsonl", /$/u, (lines[6] as string).slice(0, 50));
    },
    6,
    "truncated",
  ],
  ["an entry twice", (o) => o.edit((l) => l.toSpliced(4, 0, l[3] as string)), 4, "misplaced"],
  ["the places of two entries", (o) => o.edit((l) => swap(l, 3, 6)), 3, "misplaced"],
  ["the first and the last entry", (o) => o.edit((l) => swap(l, 0, 8)), 0, "misplaced"],
  ["an entry in front", (o) => o.edit((l) => [forge(l[0] as string), ...l]), 0, "edited"],
  [
    "the content of an entry to its hash",
    (o) =>
      o.edit((l) =>
        l.with(4, dropLine(l[4] as string, JSON.parse(l[4] as string) as Parameters<typeof dropLine>[1])),
      ),
    4,
    "dropped",
  ],
  ["who somebody was", (o) => o.change("actors.jsonl", "alice@", "alicf@"), 0, "personal"],
  ["who somebody was away", (o) => o.change("actors.jsonl", /^.*pipeline.*\n/mu, ""), 2, "personal"],
  ["a salt", (o) => o.change("actors.jsonl", /(?<="ci".*"salt":")./u, "x"), 2, "personal"],
  ["a personal value", (o) => o.change("personal/00000000.jsonl", "192.0.2.4", "192.0.2.5"), 4, "personal"],
  [
    "a personal value away",
    (o) => o.change("personal/00000000.jsonl", /^.*192\.0\.2\.4.*\n/mu, ""),
    4,
    "personal",
  ],
  [
    "a stored hash of an entry",
    (o) => o.change("tree", /^([^]{320})[^]{32}/u, `$1${"x".repeat(32)}`),
    6,
    "hashes",
  ],
];

/** By the owner of files and key, who makes everything fit again; only the witness knows. */
const careful: [string, Tampering, number, FaultKind][] = [
  ["a letter of an entry", (o) => o.edit((l) => l.with(4, forge(l[4] as string))), 4, "rewritten"],
  ["the first entry", (o) => o.edit((l) => l.with(0, forge(l[0] as string))), 0, "rewritten"],
  ["the last entry", (o) => o.edit((l) => l.with(8, forge(l[8] as string))), 8, "rewritten"],
  ["the last entry away", (o) => o.edit((l) => l.slice(0, -1)), 8, "truncated"],
  ["half of the entries away", (o) => o.edit((l) => l.slice(0, 4)), 4, "truncated"],
  ["all entries away", (o) => o.edit(() => []), 0, "truncated"],
  [
    "all after an entry",
    (o) => o.edit((l) => l.map((line, at) => (at > 4 ? forge(line) : line))),
    5,
    "rewritten",
  ],
  [
    "an entry away, the others counted anew",
    (o) => o.edit((l) => renumber(l.toSpliced(4, 1))),
    4,
    "rewritten",
  ],
  ["two entries, counted anew", (o) => o.edit((l) => renumber(swap(l, 3, 6))), 3, "rewritten"],
  [
    "an entry between, the others counted anew",
    (o) => o.edit((l) => renumber(l.toSpliced(4, 0, forge(l[3] as string)))),
    4,
    "rewritten",
  ],
];

/** Gives every entry the index and the sequence of its place, as if nothing had happened. */
function renumber(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return lines.map((line, index) => {
    const entry = JSON.parse(line) as { index: number; sequence: number; actor: { commitment: string } };
    const sequence = (counts.get(entry.actor.commitment) ?? 0) + 1;
    counts.set(entry.actor.commitment, sequence);
    if (entry.index === index && entry.sequence === sequence) return line;
    // Data beside the log would give it away.
    const { personal: _, ...rest } = { personal: {}, ...entry };
    return canonicalJson({ ...rest, index, sequence });
  });
}

let test: TestLog;
let owner: Owner;
beforeEach(async () => {
  test = await TestLog.make();
  owner = new Owner(test.directory);
});
afterEach(() => test.dispose());

describe("verify names the first entry that is wrong", () => {
  it.each(clumsy)("changed: %s", async (_, tamper, firstBadIndex, fault) => {
    await fill(test);
    await tamper(owner, test);
    const report = await test.open().verify();
    expect(report).toMatchObject({ ok: false, firstBadIndex, fault });
    expect(report.reason).toMatch(new RegExp(`entry ${firstBadIndex}\\b`, "u"));
  });

  it.each(careful)(
    "changed, and everything made to fit with the log's key: %s",
    async (_, tamper, index, fault) => {
      await fill(test);
      await tamper(owner, test);
      await owner.cover();
      const blind = await test.open({ witnesses: [] }).verify();
      const report = await test.open().verify();
      expect(report).toMatchObject({ ok: false, firstBadIndex: index, fault });
      expect(report.witnesses).toMatchObject([{ status: "disagrees", size }]);
      // Without a witness it is as good as true: the files fit each other, or look like an older log.
      expect(["truncated", "rewritten"]).not.toContain(blind.fault);
      await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
    },
  );

  it("when the whole log is replaced by another one with the same key", async () => {
    await fill(test);
    const key = await readFile(join(test.directory, "key"));
    await rm(test.directory, { recursive: true });
    await test.open({ witnesses: [] }).append(event("another"));
    await writeFile(join(test.directory, "key"), key);
    const signer = await readKeyFile(join(test.directory, "key"));
    const identity = { format: 1, origin: signer?.key.name, publicKey: signer?.key.text };
    await writeFile(join(test.directory, "log.json"), JSON.stringify(identity));
    await owner.cover();
    expect(await test.open({ witnesses: [] }).verify()).toMatchObject({ ok: true });
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "rewritten" });
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });

  it("when the whole log is replaced by another one with another key", async () => {
    await fill(test);
    await rm(test.directory, { recursive: true });
    const other = test.open({ witnesses: [] });
    for (let at = 0; at < 12; at++) await other.append(event("another"));
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "rewritten" });
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });

  it("when the log is gone and the witness remembers", async () => {
    await fill(test);
    await rm(test.directory, { recursive: true });
    expect(await test.open().verify()).toMatchObject({
      ok: false,
      size: 0,
      firstBadIndex: 0,
      fault: "truncated",
    });
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
    // Refusing it must not have made a log either.
    expect(await test.open().verify()).toMatchObject({ ok: false, origin: null });
  });

  it("when an older copy of the log is put back", async () => {
    await fill(test);
    await cp(test.directory, join(test.root, "backup"), { recursive: true });
    await test.open().append(event("later"));
    await rm(test.directory, { recursive: true });
    await cp(join(test.root, "backup"), test.directory, { recursive: true });
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: size, fault: "truncated" });
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });

  it("when two copies of the log are continued apart", async () => {
    await fill(test);
    await cp(test.directory, join(test.root, "copy"), { recursive: true });
    await test.open().append(event("here"));
    const copy = test.open({ directory: join(test.root, "copy") });
    await expect(copy.append(event("there"))).rejects.toMatchObject({ code: "audit.unavailable" });
    expect(await test.open().verify()).toMatchObject({ ok: true, size: size + 1 });
  });

  it("in a log of several files", async () => {
    const log = test.open();
    await Promise.all(Array.from({ length: 2500 }, (_, at) => log.append(event(`o-${at}`))));
    await log.close();
    expect(await test.open().verify()).toMatchObject({ ok: true, size: 2500 });
    const lines = await owner.lines();
    for (const [change, firstBadIndex, fault] of [
      [lines.with(1500, forge(lines[1500] as string)), 1500, "edited"],
      [lines.toSpliced(1023, 1), 1023, "misplaced"],
      [lines.slice(0, 1024), 1024, "truncated"],
    ] as const) {
      await owner.write(change);
      expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex, fault });
    }
    await owner.write(lines);
    await owner.remove("entries/00000001.jsonl");
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 1024, fault: "misplaced" });
  });

  it("with a witness that knows only checkpoints, as near as they tell", async () => {
    const second = cosigningWitness({
      keyFile: join(test.root, "second"),
      keyName: "example.com/second",
      file: join(test.root, "cosigned.jsonl"),
      clock: test.clock,
    });
    const log = test.open({ witnesses: [second] });
    for (let at = 0; at < size; at++) {
      await log.append(event(`o-${at}`));
      if (at % 3 === 2) await log.anchor();
    }
    expect(await log.verify()).toMatchObject({ ok: true, witnesses: [{ status: "agrees", size }] });
    await owner.edit((lines) => lines.with(4, forge(lines[4] as string)));
    await owner.cover();
    expect(await test.open({ witnesses: [second] }).verify()).toMatchObject({
      ok: false,
      firstBadIndex: 3,
      fault: "rewritten",
      reason: "entry 3: the witness cosigner knows another history: one of the entries up to 5",
    });
  });
});

describe("verify tells of other files", () => {
  it.each<[string, Tampering]>([
    [
      "a checkpoint that is gone",
      async (o) => {
        await o.remove("checkpoint");
        await o.remove("snapshot.json");
      },
    ],
    [
      "a checkpoint with a wrong signature",
      (o) => o.change("checkpoint", /(?<= \S+ [^]{20})[^]/u, (was) => (was === "x" ? "y" : "x")),
    ],
    ["a checkpoint that is none", (o) => o.change("checkpoint", /^.*\n/u, "")],
    [
      "another key",
      (o) =>
        o.change(
          "log.json",
          /"publicKey".*"/u,
          '"publicKey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"',
        ),
    ],
    ["an identity that is none", (o) => o.change("log.json", "format", "tamrof")],
  ])("%s", async (_, tamper) => {
    await fill(test);
    await tamper(owner, test);
    const report = await test.open().verify();
    expect(report.ok).toBe(false);
    expect(report.reason).not.toBeNull();
    await expect(test.open().append(event("next"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });

  it("an older checkpoint says less, and nothing wrong", async () => {
    await fill(test, 3);
    const old = await readFile(join(test.directory, "checkpoint"));
    await test.open().append(event("later"));
    await writeFile(join(test.directory, "checkpoint"), old);
    expect(await test.open().verify()).toMatchObject({ ok: true, size: 4, unsigned: 1 });
    await test.open().append(event("last"));
    expect(await test.open().verify()).toMatchObject({ ok: true, size: 5, unsigned: 0 });
  });

  it("hashes and snapshot are made anew when they are gone", async () => {
    await fill(test);
    await owner.remove("tree");
    await owner.remove("snapshot.json");
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "hashes" });
    await test.open().append(event("next"));
    expect(await test.open().verify()).toMatchObject({ ok: true, size: size + 1 });
  });

  it("a time that was set back in an entry of one's own", async () => {
    await fill(test, 2);
    await owner.edit((lines) => lines.with(1, (lines[1] as string).replace(/2030/u, "2029")));
    await owner.cover();
    expect(await test.open({ witnesses: [] }).verify()).toMatchObject({
      ok: false,
      firstBadIndex: 1,
      fault: "time",
    });
  });

  it("an actor's entry that was taken out, even where everything else was made to fit", async () => {
    await fill(test);
    await owner.edit((lines) =>
      lines.toSpliced(3, 1).map((line, index) => canonicalJson({ ...(JSON.parse(line) as object), index })),
    );
    await owner.cover();
    const report = await test.open({ witnesses: [] }).verify();
    expect(report).toMatchObject({ ok: false, firstBadIndex: 3, fault: "sequence" });
  });

  it("data that was removed without a word, though other data was erased with one", async () => {
    await fill(test);
    await test.open().erase("pipeline", officer);
    expect(await test.open().verify()).toMatchObject({ ok: true, erased: 1 });
    await owner.change("actors.jsonl", /^.*alice@.*\n/mu, "");
    expect(await test.open().verify()).toMatchObject({ ok: false, firstBadIndex: 0, fault: "personal" });
  });
});
