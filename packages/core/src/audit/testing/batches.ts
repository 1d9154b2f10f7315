import { commitActor } from "../entry/commitment.ts";
import { composeEntry } from "../entry/compose.ts";
import type { ActorRecord, PersonalRecord } from "../entry/entry.ts";
import { leafHash } from "../merkle/hash.ts";
import { CompactRange } from "../merkle/range.ts";
import type { AuditBatch, StoredEntry } from "../store/store.ts";
import { event } from "./fixtures.ts";

/** Which log it is. */
export const identity = { origin: "lotse/test/1", publicKey: "test+00000000+AA==" };
const salt = (length: number): Buffer => Buffer.alloc(length, 5);
/** Who does everything in it. */
export const alice: ActorRecord = commitActor({ kind: "user", id: "alice" }, salt);

/** Makes batches that follow each other. */
export class Batches {
  readonly range = new CompactRange();
  readonly lines: string[] = [];

  /** The next batch, which may have no entries. */
  make(count: number, personal = false): AuditBatch {
    const hashes: Buffer[] = [];
    const entries: StoredEntry[] = [];
    const values: PersonalRecord[] = [];
    for (let at = 0; at < count; at++) {
      const index = this.lines.length;
      const place = {
        index,
        sequence: index + 1,
        commitment: alice.commitment,
        now: new Date(index * 1000),
        lastTime: null,
      };
      const data = { subject: "bob", values: { address: `10.0.0.${index % 250}` } };
      const made = composeEntry(event(`object-${index}`, personal ? { personal: data } : {}), place, salt);
      values.push(...made.personal);
      const { line, entry } = made;
      this.lines.push(line);
      entries.push({ line, actor: alice.commitment, sequence: entry.sequence, time: entry.time });
      this.range.append(leafHash(line), (hash) => hashes.push(hash));
    }
    const checkpoint = `checkpoint of ${this.lines.length}`;
    return {
      actors: this.lines.length === count ? [alice] : [],
      personal: values,
      entries,
      hashes,
      checkpoint,
    };
  }
}
