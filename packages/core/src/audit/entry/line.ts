import { canonicalJson } from "../../kernel/index.ts";
import { leafHash } from "../merkle/hash.ts";
import { droppedSchema, entrySchema, maxEntryBytes, type AuditEntry, type DroppedEntry } from "./entry.ts";

/** A line of the log that was understood. */
export type ParsedLine =
  | { readonly kind: "entry"; readonly entry: AuditEntry; readonly leaf: Buffer }
  | { readonly kind: "dropped"; readonly entry: DroppedEntry; readonly leaf: Buffer };

/**
 * Reads a line of the log.
 *
 * @returns null when it is not the canonical form of an entry or of what is left of one
 */
export function parseLine(line: string): ParsedLine | null {
  if (line.length > maxEntryBytes) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const entry = entrySchema.safeParse(value);
  if (entry.success) {
    // A key written twice, or in another order, would mean something else to another reader.
    return isCanonical(value, line) ? { kind: "entry", entry: entry.data, leaf: leafHash(line) } : null;
  }
  const dropped = droppedSchema.safeParse(value);
  if (!dropped.success) return null;
  return { kind: "dropped", entry: dropped.data, leaf: Buffer.from(dropped.data.dropped, "hex") };
}

/** Whether a line is the canonical form of a value; the usual case costs no sorting. */
function isCanonical(value: unknown, line: string): boolean {
  // Parsing keeps the order of keys, but for those that look like numbers: these take the long way.
  if (JSON.stringify(value) === line && isSorted(value)) return true;
  return canonicalJson(value) === line;
}

function isSorted(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  let before: string | undefined;
  for (const [key, member] of Object.entries(value)) {
    if (before !== undefined && !(before < key)) return false;
    if (!isSorted(member)) return false;
    before = key;
  }
  return true;
}

/** The commitment to the actor of a line. */
export function actorOf(line: ParsedLine): string {
  return line.kind === "entry" ? line.entry.actor.commitment : line.entry.actor;
}

/** What is left of an entry when its content is dropped. */
export function dropLine(line: string, { index, actor, sequence }: AuditEntry): string {
  const left: DroppedEntry = {
    v: 1,
    index,
    dropped: leafHash(line).toString("hex"),
    actor: actor.commitment,
    sequence,
  };
  return canonicalJson(left);
}
