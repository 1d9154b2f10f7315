import type { PersonalRecord } from "../entry/entry.ts";
import { storedHashes } from "../merkle/position.ts";
import { CompactRange } from "../merkle/range.ts";
import type { Checkpoint } from "../note/checkpoint.ts";
import type { AuditPage, AuditStore } from "../store/store.ts";
import { isFault, LineChecker } from "./line-check.ts";
import type { Fault } from "./report.ts";
import type { Testimony } from "./testimony.ts";

/** A size at which the root is known from elsewhere. */
interface Mark {
  readonly checkpoint: Checkpoint;
  /** Who knows it; null for the log's own checkpoint. */
  readonly by: Testimony | null;
}

/** What is known of a page's entries; shorter than the page where less is known. */
interface KnownLeaves {
  /** The position of the first stored hash. */
  readonly first: number;
  readonly stored: readonly Buffer[];
  readonly witnessed: ReadonlyMap<Testimony, readonly Buffer[]>;
}

/** One walk over all entries, with everything compared that is known of them. */
export class LogWalk {
  readonly #store: AuditStore;
  readonly #testimonies: readonly Testimony[];
  readonly #checkpoint: Checkpoint | null;
  readonly #marks: Mark[];
  readonly #range = new CompactRange();
  #stopped = false;
  /** Up to here a root that is known from elsewhere has proven every entry. */
  #proven = 0;
  #hashFault: number | null = null;
  checker = new LineChecker([]);
  /** The number of entries that are there. */
  size = 0;
  readonly faults: Fault[] = [];
  readonly contradictions = new Map<Testimony, Fault>();

  constructor(store: AuditStore, testimonies: readonly Testimony[], checkpoint: Checkpoint | null) {
    this.#store = store;
    this.#testimonies = testimonies;
    this.#checkpoint = checkpoint;
    this.#marks = [
      ...(checkpoint === null ? [] : [{ checkpoint, by: null }]),
      ...testimonies.flatMap((by) => by.checkpoints.map((checkpoint) => ({ checkpoint, by }))),
    ].sort((a, b) => a.checkpoint.size - b.checkpoint.size);
  }

  /** The root over what was read; null where reading stopped at a fault. */
  get root(): string | null {
    return this.#stopped ? null : this.#range.root().toString("hex");
  }

  async run(): Promise<void> {
    this.checker = new LineChecker(await this.#store.actors());
    for await (const page of this.#store.pages(0)) await this.#takePage(page);
    if (!this.#stopped) this.#checkMarks();
    for (const { checkpoint, by } of this.#marks) {
      if (checkpoint.size > this.size) this.#blameTruncation(checkpoint.size, by);
    }
    if (!this.#stopped) await this.#finish();
  }

  async #takePage({ lines, personal }: AuditPage): Promise<void> {
    if (!this.#stopped) {
      const known = await this.#known(this.size, lines.length);
      const people = new Map(personal.map((record) => [record.commitment, record]));
      const from = this.size;
      for (const [at, line] of lines.entries()) {
        this.#checkMarks();
        if (!this.#stopped) this.#takeLine(line, at, known, people);
        if (this.#stopped) break;
      }
      if (!this.#stopped) return;
      this.size = from;
    }
    // Where the log is wrong nothing after it proves anything, but how much there is still counts.
    this.size += lines.length;
  }

  #takeLine(line: string, at: number, known: KnownLeaves, people: ReadonlyMap<string, PersonalRecord>): void {
    const index = this.size;
    const result = this.checker.take(line, index, people);
    if (isFault(result)) {
      this.#blame(null, result);
      return;
    }
    const { leaf } = result;
    let position = storedHashes(index) - known.first;
    const storedLeaf = known.stored[position];
    for (const [testimony, leaves] of known.witnessed) {
      const remembered = leaves[at];
      if (remembered?.equals(leaf) ?? true) continue;
      const kind =
        storedLeaf !== undefined && remembered?.equals(storedLeaf) === true ? "edited" : "rewritten";
      const reason = `entry ${index}: it is not the one that the witness ${testimony.witness.name} remembers`;
      this.#blame(testimony, { kind, index, reason });
    }
    this.#range.append(leaf, (hash) => {
      const stored = known.stored[position++];
      if (stored !== undefined && !stored.equals(hash)) this.#hashFault ??= index;
    });
    this.size += 1;
  }

  async #known(from: number, count: number): Promise<KnownLeaves> {
    // Beyond the checkpoint another process may be about to write.
    const to = Math.min(from + count, this.#checkpoint?.size ?? 0);
    const first = storedHashes(from);
    const length = Math.max(0, storedHashes(Math.max(from, to)) - first);
    const stored = await this.#store.hashes(Array.from({ length }, (_, position) => first + position));
    const witnessed = new Map<Testimony, readonly Buffer[]>();
    for (const testimony of this.#testimonies) {
      const end = Math.min(from + count, testimony.checkpoints.at(-1)?.size ?? 0);
      const { witness } = testimony;
      if (end > from && witness.leaves !== undefined)
        witnessed.set(testimony, await witness.leaves(from, end));
    }
    return { first, stored, witnessed };
  }

  /** Compares the root wherever somebody knows it. */
  #checkMarks(): void {
    for (;;) {
      const mark = this.#marks[0];
      if (mark === undefined || mark.checkpoint.size !== this.size) return;
      this.#marks.shift();
      if (this.#range.root().equals(mark.checkpoint.root)) this.#proven = this.size;
      else this.#blameRoot(mark);
      if (this.#stopped) return;
    }
  }

  #blameRoot({ checkpoint: { size }, by }: Mark): void {
    const who = by === null ? "the log's own checkpoint" : `the witness ${by.witness.name}`;
    // The stored hashes still show which entry it was, if nobody thought of changing them as well.
    if (this.#hashFault !== null) {
      const reason = `entry ${this.#hashFault}: it was changed after ${who} was given its hash`;
      this.#blame(by, { kind: "edited", index: this.#hashFault, reason });
      return;
    }
    const range = this.#proven === size - 1 ? "" : `: one of the entries up to ${size - 1}`;
    const reason = `entry ${this.#proven}: ${who} knows another history${range}`;
    this.#blame(by, { kind: "rewritten", index: this.#proven, reason });
  }

  #blameTruncation(known: number, by: Testimony | null): void {
    const who = by === null ? "the log's own checkpoint" : `the witness ${by.witness.name}`;
    const reason = `entry ${this.size}: ${who} knows ${known} entries, and ${this.size} are there`;
    const fault: Fault = { kind: "truncated", index: this.size, reason };
    this.faults.push(fault);
    if (by !== null && !this.contradictions.has(by)) this.contradictions.set(by, fault);
  }

  #blame(by: Testimony | null, fault: Fault): void {
    this.#stopped = true;
    this.faults.push(fault);
    if (by !== null) this.contradictions.set(by, fault);
  }

  async #finish(): Promise<void> {
    const fault = this.checker.finish(await this.#store.actors());
    if (fault !== null) this.faults.push(fault);
    if (this.#hashFault === null) return;
    const index = this.#hashFault;
    const reason = `entry ${index}: the stored hash of it is wrong, proofs cannot be made; the entry is right`;
    this.faults.push({ kind: "hashes", index, reason });
  }
}
