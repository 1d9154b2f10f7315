import type { ActorRecord, AuditEntry, PersonalRecord } from "../entry/entry.ts";
import { isActorOf, isPersonalOf } from "../entry/commitment.ts";
import { clockToleranceMs } from "../entry/compose.ts";
import { actorOf, parseLine, type ParsedLine } from "../entry/line.ts";
import type { Fault, FaultKind } from "./report.ts";

/** Where `verify` finds that personal data was erased by way of the log. */
export const eraseAction = "audit.erase";
/** Where it finds that content was dropped by retention. */
export const dropAction = "audit.drop";

/** What an entry says about itself, checked one after the other. Memory grows with actors and open intents. */
export class LineChecker {
  readonly #actors: ReadonlyMap<string, ActorRecord>;
  readonly #sequences = new Map<string, number>();
  readonly #intents = new Map<string, number>();
  readonly #missingActors = new Map<string, number>();
  readonly #declaredActors = new Set<string>();
  #lastTime = 0;
  #missingValues = 0;
  #firstMissingValue = 0;
  #declaredValues = 0;
  #declaredDrops = 0;
  #firstDrop = 0;
  /** Entries whose content was dropped. */
  dropped = 0;
  /** Entries that say that the clock went back. */
  clockSteps = 0;

  constructor(actors: readonly ActorRecord[]) {
    this.#actors = new Map(actors.map((record) => [record.commitment, record]));
  }

  get openIntents(): number {
    return this.#intents.values().reduce((sum, count) => sum + count, 0);
  }

  get erased(): number {
    return this.#missingActors.size + this.#missingValues;
  }

  /**
   * Checks the next line.
   *
   * @param text - as it is stored
   * @param index - the place where it was found
   */
  take(text: string, index: number, personal: ReadonlyMap<string, PersonalRecord>): ParsedLine | Fault {
    const line = parseLine(text);
    if (line === null) return fault("edited", index, "it is not the canonical form of an entry");
    if (line.entry.index !== index) {
      return fault("misplaced", index, `entry ${line.entry.index} stands in its place`);
    }
    const commitment = actorOf(line);
    const expected = (this.#sequences.get(commitment) ?? 0) + 1;
    if (line.entry.sequence !== expected) {
      const why = `it is number ${line.entry.sequence} of its actor, number ${expected} should follow`;
      return fault("sequence", index, why);
    }
    this.#sequences.set(commitment, expected);
    if (line.kind === "dropped") {
      if (this.dropped === 0) this.#firstDrop = index;
      this.dropped += 1;
      return line;
    }
    return this.#checkTime(line.entry) ?? this.#checkPeople(line.entry, personal) ?? this.#count(line);
  }

  /**
   * What can only be said at the end: whether everything that is missing was declared.
   *
   * @param actors - as they are now: some may have come in the meantime
   */
  finish(actors: readonly ActorRecord[]): Fault | null {
    for (const { commitment } of actors) this.#missingActors.delete(commitment);
    for (const [commitment, index] of this.#missingActors) {
      if (!this.#declaredActors.has(commitment)) {
        return fault("personal", index, "who its actor was is missing, and no entry says that it was erased");
      }
    }
    if (this.#missingValues > this.#declaredValues) {
      return fault(
        "personal",
        this.#firstMissingValue,
        "personal data is missing that no entry says was erased",
      );
    }
    if (this.dropped > this.#declaredDrops) {
      return fault("dropped", this.#firstDrop, "content is missing that no entry says was dropped");
    }
    return null;
  }

  #checkTime({ index, time, clockStepMs }: AuditEntry): Fault | null {
    const moment = Date.parse(time);
    const back = this.#lastTime - moment;
    this.#lastTime = moment;
    if (clockStepMs !== undefined) this.clockSteps += 1;
    if (back <= clockToleranceMs || back === clockStepMs) return null;
    // What stood between may have been dropped, and the step is then measured from an entry that is gone.
    if (clockStepMs !== undefined && this.dropped > 0) return null;
    return fault("time", index, `its time lies ${back} ms before that of the entry before`);
  }

  #checkPeople(entry: AuditEntry, personal: ReadonlyMap<string, PersonalRecord>): Fault | null {
    const { commitment, kind } = entry.actor;
    const actor = this.#actors.get(commitment);
    if (actor === undefined) {
      if (!this.#missingActors.has(commitment)) this.#missingActors.set(commitment, entry.index);
    } else if (entry.sequence === 1 && (actor.kind !== kind || !isActorOf(actor))) {
      return fault("personal", entry.index, "the record of its actor was changed");
    }
    for (const [name, value] of Object.entries(entry.personal ?? {})) {
      const record = personal.get(value);
      if (record === undefined) {
        if (this.#missingValues === 0) this.#firstMissingValue = entry.index;
        this.#missingValues += 1;
      } else if (record.name !== name || record.index !== entry.index || !isPersonalOf(record)) {
        return fault("personal", entry.index, `the record of its ${name} was changed`);
      }
    }
    return null;
  }

  #count(line: ParsedLine & { readonly kind: "entry" }): ParsedLine {
    const { actor, request, action, object, outcome, scope, details } = line.entry;
    const place = `${scope?.environment ?? ""}\0${scope?.tenant ?? ""}`;
    const key = `${actor.commitment}\0${request}\0${action}\0${object}\0${place}`;
    const open = this.#intents.get(key) ?? 0;
    if (outcome === "intent") this.#intents.set(key, open + 1);
    else if (open > 1) this.#intents.set(key, open - 1);
    else if (open === 1) this.#intents.delete(key);
    if (outcome !== "intent") return line;
    if (action === eraseAction) {
      this.#declaredActors.add(object);
      this.#declaredValues += numberIn(details?.["values"]);
    }
    if (action === dropAction) this.#declaredDrops += numberIn(details?.["entries"]);
    return line;
  }
}

function numberIn(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function fault(kind: FaultKind, index: number, reason: string): Fault {
  return { kind, index, reason: `entry ${index}: ${reason}` };
}

/** Whether a check found something wrong. */
export function isFault(result: ParsedLine | Fault): result is Fault {
  return "reason" in result;
}
