import { z } from "zod";
import { canonicalJson, digestOf, LotseError } from "../../kernel/index.ts";
import { dropLine, parseLine } from "../entry/line.ts";
import type { AuditStore } from "../store/store.ts";
import type { Responsible } from "./audit-log.ts";
import type { LogAccess } from "./erasure.ts";
import { dropAction } from "./line-check.ts";
import { unavailable } from "./unavailable.ts";

const days = z.number().min(1).max(36_500);

/** How long content is kept, in days. What has no term is kept for good. */
export const retentionTermsSchema = z.strictObject({
  /** By environment. */
  environments: z.record(z.string().min(1).max(256), days).default({}),
  /** For entries about the workspace as a whole. */
  workspaceDays: days.optional(),
});

/** The input of {@link retentionTermsSchema}. */
export type RetentionTerms = z.input<typeof retentionTermsSchema>;

/** What the terms would drop. */
export interface RetentionPlan {
  /** The moment it was planned for. */
  readonly now: string;
  readonly groups: readonly RetentionGroup[];
  /** How many entries in all. */
  readonly entries: number;
  /** Runs of entries, `[first, last]`, in order. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
  /** Says that the plan is about these very entries. */
  readonly digest: string;
}

/** What a plan drops of one environment. */
export interface RetentionGroup {
  /** Null for entries about the workspace as a whole. */
  readonly environment: string | null;
  /** What is older goes. */
  readonly before: string;
  readonly entries: number;
}

const dayMs = 86_400_000;

/**
 * Finds the entries whose content is older than its term. Entries about the log itself stay: without them
 * nobody could say what was erased or dropped, and why.
 */
export async function planRetention(
  store: AuditStore,
  terms: RetentionTerms,
  now: Date,
): Promise<RetentionPlan> {
  const { environments, workspaceDays } = retentionTermsSchema.parse(terms);
  const befores = new Map<string | null, number>(
    Object.entries(environments).map(([name, term]) => [name, now.getTime() - term * dayMs]),
  );
  if (workspaceDays !== undefined) befores.set(null, now.getTime() - workspaceDays * dayMs);
  const counts = new Map<string | null, number>();
  const ranges: [number, number][] = [];
  for await (const { from, lines } of befores.size === 0 ? [] : store.pages(0)) {
    for (const [at, text] of lines.entries()) {
      const line = parseLine(text);
      if (line?.kind !== "entry" || line.entry.action.startsWith("audit.")) continue;
      const environment = line.entry.scope?.environment ?? null;
      if (Date.parse(line.entry.time) >= (befores.get(environment) ?? -Infinity)) continue;
      counts.set(environment, (counts.get(environment) ?? 0) + 1);
      extend(ranges, from + at);
    }
  }
  const groups = [...counts].map(([environment, entries]) => ({
    environment,
    before: new Date(befores.get(environment) as number).toISOString(),
    entries,
  }));
  const entries = groups.reduce((sum, group) => sum + group.entries, 0);
  return { now: now.toISOString(), groups, entries, ranges, digest: digestOf(canonicalJson(ranges)) };
}

function extend(ranges: [number, number][], index: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[1] === index - 1) last[1] = index;
  else ranges.push([index, index]);
}

/**
 * Drops the content of planned entries; their hashes stay, so everything is proven as before. It says so in the
 * log first. After a crash in the middle, plan and apply again.
 *
 * @throws LotseError `audit.unavailable` when it cannot be recorded or carried out, `audit.corrupt` when an
 * entry of the plan is not there
 */
export async function applyRetention(
  { store, append }: LogAccess,
  plan: RetentionPlan,
  { actor, request }: Responsible,
): Promise<void> {
  if (digestOf(canonicalJson(plan.ranges)) !== plan.digest) throw changedPlan();
  if (plan.entries === 0) return;
  try {
    const events = plan.groups.map(({ environment, before, entries }) => ({
      actor,
      request,
      ...(environment !== null && { scope: { environment } }),
      action: dropAction,
      object: plan.digest,
      details: { before, entries },
    }));
    for (const event of events) await append({ ...event, outcome: "intent" });
    for (const range of pieces(plan.ranges)) await dropRange(store, range);
    for (const event of events) await append({ ...event, outcome: "success" });
  } catch (error) {
    throw unavailable(error);
  }
}

const pieceSize = 1024;

/** Pieces that do not keep other writers waiting for long. */
function* pieces(ranges: RetentionPlan["ranges"]): Iterable<readonly [first: number, last: number]> {
  for (const [first, last] of ranges) {
    for (let start = first; start <= last;) {
      const end = Math.min(last, (Math.floor(start / pieceSize) + 1) * pieceSize - 1);
      yield [start, end];
      start = end + 1;
    }
  }
}

async function dropRange(store: AuditStore, [first, last]: readonly [number, number]): Promise<void> {
  const lines = new Map<number, string>();
  for await (const { from, lines: found } of store.pages(first)) {
    for (const [at, text] of found.entries()) {
      const line = from + at <= last ? parseLine(text) : null;
      if (line?.kind === "entry") lines.set(from + at, dropLine(text, line.entry));
    }
    if (from + found.length > last) break;
  }
  if (lines.size > 0) await store.transact((transaction) => transaction.drop(lines));
}

function changedPlan(): LotseError {
  return new LotseError({
    code: "audit.corrupt",
    message: "the plan of what to drop was changed after it was made",
    hint: "plan again",
  });
}
