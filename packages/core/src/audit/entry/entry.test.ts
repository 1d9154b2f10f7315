import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../kernel/index.ts";
import { leafHash } from "../merkle/hash.ts";
import { event } from "../testing/fixtures.ts";
import { commitActor, commitPersonal, isActorOf, isPersonalOf } from "./commitment.ts";
import { composeEntry, type AuditRecord, type Place } from "./compose.ts";
import { dropLine, parseLine } from "./line.ts";

const alice = { kind: "user", id: "alice@example.com" } as const;

function placeAt(index: number, parts: Partial<Place> = {}): Place {
  const { commitment } = commitActor(alice, randomBytes);
  return { index, sequence: 1, commitment, now: new Date(1_900_000_000_000), lastTime: null, ...parts };
}

const text = fc.string({ unit: "binary", maxLength: 60 });
const keptText = text.filter((value) => value.isWellFormed() && !value.includes("\0"));
const word = fc.stringMatching(/^[a-z]{1,10}$/u);

const events: fc.Arbitrary<AuditRecord> = fc
  .record(
    {
      actor: fc.record({ kind: fc.constantFrom("user", "ci", "system"), id: keptText }),
      action: fc.tuple(word, word).map(([noun, verb]) => `${noun}.${verb}`),
      object: text,
      request: text.filter((value) => value !== ""),
      outcome: fc.constantFrom("intent", "success", "failure", "denied"),
      scope: fc.record({ environment: word, tenant: word }),
      version: text,
      fingerprint: text,
      correlation: word,
      details: fc.dictionary(word, fc.oneof(text, fc.integer(), fc.boolean())),
      personal: fc.record({ subject: word, values: fc.dictionary(word, keptText, { maxKeys: 4 }) }),
    },
    { requiredKeys: ["actor", "action", "object", "request", "outcome"] },
  )
  .map((record) => record as AuditRecord);

describe("entries", () => {
  it("of any event are one line that reads back as it was written", () => {
    fc.assert(
      fc.property(events, fc.nat(), (record, index) => {
        const { line, entry, personal } = composeEntry(record, placeAt(index), randomBytes);
        expect(line).not.toMatch(/[\n\r]/u);
        expect(canonicalJson(JSON.parse(line))).toBe(line);
        const parsed = parseLine(line);
        expect(parsed).toEqual({ kind: "entry", entry, leaf: leafHash(line) });
        expect(entry).toMatchObject({ action: record.action, outcome: record.outcome, index });
        expect(entry.object.isWellFormed() ? entry.object : record.object).toBe(record.object);
        expect(Object.keys(entry.personal ?? {}).sort()).toEqual(personal.map(({ name }) => name).sort());
      }),
    );
  });

  it("with any character changed are no entry, or another leaf", () => {
    const { line } = composeEntry(event("object", { details: { tries: 3 } }), placeAt(7), randomBytes);
    const leaf = leafHash(line);
    for (let at = 0; at < line.length; at++) {
      for (const other of ["", "x", "0", " ", '"', "}"]) {
        const changed = line.slice(0, at) + other + line.slice(at + 1);
        if (changed === line) continue;
        expect(parseLine(changed)?.leaf.equals(leaf) ?? false).toBe(false);
      }
    }
  });

  it("that are anything at all are refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant("__proto__")), (junk) => {
        expect(parseLine(junk)).toBeNull();
      }),
    );
    expect(parseLine(`"${"x".repeat(200_000)}"`)).toBeNull();
  });

  it("say when the clock went back by more than the tolerance, and by how much", () => {
    const step = (ms: number): number | undefined => {
      const lastTime = new Date(1_900_000_000_000 + ms).toISOString();
      return composeEntry(event("a"), placeAt(1, { lastTime }), randomBytes).entry.clockStepMs;
    };
    expect([-5000, 0, 2000, 2001, 60_000].map(step)).toEqual([undefined, undefined, undefined, 2001, 60_000]);
  });

  it("leave hash, actor and count when their content is dropped", () => {
    const { line, entry } = composeEntry(event("secret thing"), placeAt(7), randomBytes);
    const left = dropLine(line, entry);
    expect(left).not.toContain("secret thing");
    expect(parseLine(left)).toEqual({
      kind: "dropped",
      entry: {
        v: 1,
        index: 7,
        dropped: leafHash(line).toString("hex"),
        actor: entry.actor.commitment,
        sequence: 1,
      },
      leaf: leafHash(line),
    });
  });
});

describe("commitments", () => {
  it("hold for what they were made from, and for nothing else", () => {
    const actor = commitActor(alice, randomBytes);
    expect(isActorOf(actor)).toBe(true);
    expect(isActorOf({ ...actor, id: "bob" })).toBe(false);
    expect(isActorOf({ ...actor, kind: "ci" })).toBe(false);
    expect(isActorOf({ ...actor, salt: "00".repeat(32) })).toBe(false);
    const value = commitPersonal({ index: 1, subject: "carol", name: "address", value: "x" }, randomBytes);
    expect(isPersonalOf(value)).toBe(true);
    expect(isPersonalOf({ ...value, value: "y" })).toBe(false);
    expect(isPersonalOf({ ...value, name: "other" })).toBe(false);
  });

  it("of equal values do not look equal, and an actor's is no value's", () => {
    const [first, second] = [commitActor(alice, randomBytes), commitActor(alice, randomBytes)];
    expect(first.commitment).not.toBe(second.commitment);
    const zeros = (length: number): Buffer => Buffer.alloc(length);
    const actor = commitActor({ kind: "user", id: "x" }, zeros);
    const value = commitPersonal({ index: 0, subject: "s", name: "user", value: "x" }, zeros);
    expect(actor.commitment).not.toBe(value.commitment);
  });

  it("are HMAC-SHA-256 over canonical JSON, as documented", () => {
    // Computed with Python: hmac.new(bytes(32), b'["actor","user","x"]', 'sha256').hexdigest()
    const zeros = (length: number): Buffer => Buffer.alloc(length);
    expect(commitActor({ kind: "user", id: "x" }, zeros).commitment).toBe(
      "c132d494859f88e9cf19602ec0601b87df930b96f18c8fbb17c80efce073967a",
    );
  });
});
