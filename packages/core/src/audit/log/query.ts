import type { Actor, AuditOutcome, Scope } from "../../kernel/index.ts";
import { erased, type ActorRecord, type PersonalRecord } from "../entry/entry.ts";
import { parseLine, type ParsedLine } from "../entry/line.ts";
import type { AuditPage, AuditStore } from "../store/store.ts";
import { notFound } from "./prove.ts";

/** An entry as people read it: commitments are resolved where they were not erased. */
export interface EntryView {
  readonly index: number;
  /** Whether retention has dropped its content; then only actor and sequence are left. */
  readonly dropped: boolean;
  /** ISO 8601 in UTC; null when it was dropped, like everything that may be null here. */
  readonly time: string | null;
  /** The kind is null when it was dropped and the actor erased. */
  readonly actor: { readonly kind: Actor["kind"] | null; readonly id: string };
  readonly sequence: number;
  readonly scope: Scope | null;
  readonly action: string | null;
  readonly object: string | null;
  readonly version: string | null;
  readonly fingerprint: string | null;
  readonly request: string | null;
  readonly correlation: string | null;
  readonly outcome: AuditOutcome | null;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** Personal data by its name, `[erased]` where it was erased. */
  readonly personal: Readonly<Record<string, string>>;
}

/** Which entries are wanted; all conditions that are given must hold. */
export interface EntryFilter {
  /** The actor's id, whatever its kind. */
  readonly actor?: string | undefined;
  readonly environment?: string | undefined;
  readonly tenant?: string | undefined;
  /** The whole action, or its first part: `secret` finds `secret.read`. */
  readonly action?: string | undefined;
  /** How the object begins. */
  readonly objectPrefix?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly request?: string | undefined;
  readonly correlation?: string | undefined;
  /** Not before this moment. */
  readonly since?: Date | undefined;
  /** Before this moment. */
  readonly until?: Date | undefined;
  /** @defaultValue all that match */
  readonly limit?: number | undefined;
  /** @defaultValue "newest" */
  readonly first?: "newest" | "oldest" | undefined;
}

/**
 * Finds entries, reading no more than it takes to find as many as are wanted.
 *
 * @throws LotseError `audit.corrupt` for a record of personal data that is damaged
 */
export async function* listEntries(store: AuditStore, filter: EntryFilter): AsyncIterable<EntryView> {
  let left = filter.limit ?? Infinity;
  for await (const { line, people } of matches(store, filter)) {
    if (left-- <= 0) return;
    yield viewOf(line, people);
  }
}

/**
 * Shows one entry.
 *
 * @throws LotseError `audit.not-found`
 */
export async function showEntry(store: AuditStore, index: number): Promise<EntryView> {
  const isIndex = Number.isSafeInteger(index) && index >= 0;
  if (!isIndex) throw notFound(index);
  for await (const page of store.pages(index)) {
    const line = parseLine(page.lines[index - page.from] ?? "");
    if (line === null) break;
    return viewOf(line, peopleOf(page, await actorMap(store)));
  }
  throw notFound(index);
}

/** Who the commitments of a page stand for. */
interface People {
  readonly actors: ReadonlyMap<string, ActorRecord>;
  readonly personal: ReadonlyMap<string, PersonalRecord>;
}

/** An entry that was wanted. */
export interface Match {
  readonly line: ParsedLine;
  /** As it is stored. */
  readonly text: string;
  readonly people: People;
}

/** Entries that match, without a limit. What is not an entry is left to `verify`. */
export async function* matches(store: AuditStore, filter: EntryFilter): AsyncIterable<Match> {
  const actors = await actorMap(store);
  const newest = filter.first !== "oldest";
  for await (const page of store.pages(
    newest ? Number.MAX_SAFE_INTEGER : 0,
    newest ? "backwards" : "forwards",
  )) {
    const people = peopleOf(page, actors);
    for (const text of newest ? page.lines.toReversed() : page.lines) {
      const line = parseLine(text);
      if (line === null || !isMatch(line, filter, actors)) continue;
      yield { line, text, people };
    }
  }
}

async function actorMap(store: AuditStore): Promise<ReadonlyMap<string, ActorRecord>> {
  return new Map((await store.actors()).map((record) => [record.commitment, record]));
}

function peopleOf({ personal }: AuditPage, actors: ReadonlyMap<string, ActorRecord>): People {
  return { actors, personal: new Map(personal.map((record) => [record.commitment, record])) };
}

function isMatch(line: ParsedLine, filter: EntryFilter, actors: ReadonlyMap<string, ActorRecord>): boolean {
  const { actor, limit: _limit, first: _first, ...rest } = filter;
  const commitment = line.kind === "entry" ? line.entry.actor.commitment : line.entry.actor;
  if (actor !== undefined && actors.get(commitment)?.id !== actor) return false;
  if (line.kind === "dropped") return Object.values(rest).every((condition) => condition === undefined);
  const { scope, action, object, outcome, request, correlation, time } = line.entry;
  const isAction = action === rest.action || action.startsWith(`${rest.action ?? ""}.`);
  const moment = rest.since === undefined && rest.until === undefined ? 0 : Date.parse(time);
  return (
    isWanted(rest.environment, scope?.environment) &&
    isWanted(rest.tenant, scope?.tenant) &&
    (rest.action === undefined || isAction) &&
    (rest.objectPrefix === undefined || object.startsWith(rest.objectPrefix)) &&
    isWanted(rest.outcome, outcome) &&
    isWanted(rest.request, request) &&
    isWanted(rest.correlation, correlation) &&
    (rest.since === undefined || moment >= rest.since.getTime()) &&
    (rest.until === undefined || moment < rest.until.getTime())
  );
}

function isWanted(wanted: string | undefined, present: string | undefined): boolean {
  return wanted === undefined || wanted === present;
}

function viewOf(line: ParsedLine, { actors, personal }: People): EntryView {
  const { index, sequence } = line.entry;
  if (line.kind === "dropped") return droppedView(line.entry, actors.get(line.entry.actor));
  const { actor, scope, ...entry } = line.entry;
  const shown = Object.entries(entry.personal ?? {}).map(([name, commitment]) => [
    name,
    personal.get(commitment)?.value ?? erased,
  ]);
  return {
    index,
    dropped: false,
    time: entry.time,
    actor: { kind: actor.kind, id: actors.get(actor.commitment)?.id ?? erased },
    sequence,
    scope: scopeOf(scope),
    action: entry.action,
    object: entry.object,
    version: entry.version ?? null,
    fingerprint: entry.fingerprint ?? null,
    request: entry.request,
    correlation: entry.correlation,
    outcome: entry.outcome,
    details: entry.details ?? {},
    personal: Object.fromEntries(shown),
  };
}

function scopeOf(
  scope: { readonly environment: string; readonly tenant?: string | undefined } | undefined,
): Scope | null {
  if (scope === undefined) return null;
  const { environment, tenant } = scope;
  return tenant === undefined ? { environment } : { environment, tenant };
}

function droppedView(
  { index, sequence }: { readonly index: number; readonly sequence: number },
  actor: ActorRecord | undefined,
): EntryView {
  return {
    index,
    dropped: true,
    time: null,
    actor: { kind: actor?.kind ?? null, id: actor?.id ?? erased },
    sequence,
    scope: null,
    action: null,
    object: null,
    version: null,
    fingerprint: null,
    request: null,
    correlation: null,
    outcome: null,
    details: {},
    personal: {},
  };
}
