import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import type { Finding } from "./finding.ts";

/** The file of accepted findings, beside `lotse.yml`. */
export const baselineFile = "secrets-baseline.json";

const entrySchema = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{32}$/u),
  rule: z.string().min(1).max(128),
  file: z.string().min(1).max(4096),
  /** Why it may stay, for whoever reads it next year. */
  reason: z.string().trim().min(5).max(1000),
  owner: z.string().trim().min(1).max(200),
  /** The last day on which it is accepted, in UTC. */
  expires: z.iso.date(),
});

/** What a baseline file holds; nothing in it tells what a value is. */
export const baselineSchema = z.strictObject({
  version: z.literal(1),
  /** Goes into the fingerprints, so that those of two repositories cannot be compared. */
  salt: z.string().regex(/^[0-9a-f]{32,128}$/u),
  entries: z.array(entrySchema).max(100_000),
});

/** See {@link baselineSchema}. */
export type Baseline = z.infer<typeof baselineSchema>;

/** An accepted finding. */
export type BaselineEntry = Baseline["entries"][number];

/**
 * Reads a baseline.
 *
 * @throws LotseError `secret.baseline` when it is not JSON or has another shape
 */
export function parseBaseline(text: string, file: string = baselineFile): Baseline {
  const parsed = baselineSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new LotseError({
    code: "secret.baseline",
    message: `the baseline of accepted findings is broken: ${issue?.message ?? "it is no JSON"}`,
    hint: "restore it from git, or remove it and accept the findings anew with lotse secrets scan --accept",
    where: { file, ...(issue === undefined ? {} : { path: issue.path.join(".") }) },
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes a baseline as a file has it: sorted, a line for each field, so that changes are easy to review. */
export function printBaseline(baseline: Baseline): string {
  const entries = [...baseline.entries].sort((left, right) => compare(keyOf(left), keyOf(right)));
  return `${JSON.stringify({ version: baseline.version, salt: baseline.salt, entries }, null, 2)}\n`;
}

function keyOf({ file, rule, fingerprint }: BaselineEntry): string {
  return `${file}\0${rule}\0${fingerprint}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A finding that a baseline accepts. */
export interface AcceptedFinding {
  readonly finding: Finding;
  readonly entry: BaselineEntry;
}

/** Findings, sorted by what a baseline says about them. */
export interface BaselineResult {
  /** Not accepted, or not any more. */
  readonly open: readonly Finding[];
  readonly accepted: readonly AcceptedFinding[];
  /** Entries whose findings are open again because their day has passed. */
  readonly expired: readonly BaselineEntry[];
  /** Entries that no finding matches; they can go. */
  readonly unused: readonly BaselineEntry[];
}

/**
 * Takes accepted findings out. An entry whose day has passed accepts nothing.
 *
 * @param now - the present moment
 */
export function applyBaseline(findings: readonly Finding[], baseline: Baseline, now: Date): BaselineResult {
  const today = now.toISOString().slice(0, 10);
  const byFingerprint = new Map(baseline.entries.map((entry) => [entry.fingerprint, entry]));
  const seen = new Set<string>();
  const open: Finding[] = [];
  const accepted: AcceptedFinding[] = [];
  const expired = new Set<BaselineEntry>();
  for (const finding of findings) {
    const entry = byFingerprint.get(finding.fingerprint);
    if (entry !== undefined) seen.add(entry.fingerprint);
    if (entry !== undefined && entry.expires >= today) accepted.push({ finding, entry });
    else open.push(finding);
    if (entry !== undefined && entry.expires < today) expired.add(entry);
  }
  const unused = baseline.entries.filter(({ fingerprint }) => !seen.has(fingerprint));
  return { open, accepted, expired: [...expired], unused };
}

/** What {@link planBaseline} needs. */
export interface BaselineRequest {
  readonly findings: readonly Finding[];
  /** The baseline so far; its salt must be the one that the scan was given. */
  readonly baseline: Baseline;
  readonly reason: string;
  readonly owner: string;
  /** The last day, as `2026-12-31`. */
  readonly expires: string;
}

/**
 * The baseline that accepts all findings: what it has stays as it is, open findings get new entries, and entries
 * without a finding go.
 *
 * @param now - the present moment; entries that have expired are written anew
 * @throws LotseError `secret.baseline` when reason, owner or day are not well formed, or the day has passed
 */
export function planBaseline(request: BaselineRequest, now: Date): Baseline {
  const { findings, baseline, reason, owner, expires } = request;
  if (expires < now.toISOString().slice(0, 10)) {
    throw new LotseError({
      code: "secret.baseline",
      message: `a finding cannot be accepted until ${expires}, as that day has passed`,
      hint: "give a day to come, as YYYY-MM-DD",
    });
  }
  const { open, accepted } = applyBaseline(findings, baseline, now);
  const entries = new Map<string, BaselineEntry>();
  for (const { entry } of accepted) entries.set(entry.fingerprint, entry);
  for (const { fingerprint, rule, file } of open) {
    entries.set(fingerprint, { fingerprint, rule, file, reason, owner, expires });
  }
  return parseBaseline(JSON.stringify({ ...baseline, entries: [...entries.values()] }));
}

/** A baseline that accepts nothing. @param salt - 32 to 128 random hexadecimal digits */
export function emptyBaseline(salt: string): Baseline {
  return { version: 1, salt, entries: [] };
}
