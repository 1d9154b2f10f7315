import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import { openCheckpoint } from "../note/checkpoint.ts";
import { parseVerifierKey } from "../note/key.ts";
import type { AuditStore } from "../store/store.ts";
import { inclusionProofSchema, proveLine, verifyProof } from "./prove.ts";
import { matches, type EntryFilter } from "./query.ts";

const headerSchema = z.strictObject({
  format: z.literal("lotse-audit-export/v1"),
  /** For information: whoever checks an export must know the key from elsewhere. */
  publicKey: z.string().max(512),
  checkpoint: z.string().max(65_536),
});

const lineSchema = inclusionProofSchema.omit({ checkpoint: true, size: true });

/** What is exported. */
export interface ExportOptions {
  /** @defaultValue everything */
  readonly filter?: EntryFilter;
}

/**
 * The log as lines of JSON: a header with the signed checkpoint, then each entry with its proof, oldest first.
 * It holds what was hashed, so no personal data but only commitments.
 *
 * @returns nothing for a log that is not made yet
 * @throws LotseError `audit.corrupt` when an entry cannot be proven
 */
export async function* exportLog(store: AuditStore, { filter = {} }: ExportOptions): AsyncIterable<string> {
  const [identity, note] = [await store.identity(), await store.checkpoint()];
  if (identity === null || note === null) return;
  const checkpoint = openCheckpoint(note, [parseVerifierKey(identity.publicKey)]);
  const format = "lotse-audit-export/v1";
  yield JSON.stringify({ format, publicKey: identity.publicKey, checkpoint: note });
  let left = filter.limit ?? Infinity;
  for await (const { line, text } of matches(store, { ...filter, first: filter.first ?? "oldest" })) {
    const { index } = line.entry;
    if (index >= checkpoint.size) continue;
    if (left-- <= 0) return;
    const {
      checkpoint: _note,
      size: _size,
      ...proof
    } = await proveLine(store, {
      index,
      line: text,
      note,
      checkpoint,
    });
    yield JSON.stringify(proof);
  }
}

/** What checking an export found. */
export interface ExportReport {
  readonly ok: boolean;
  /** How many entries were proven. */
  readonly entries: number;
  /** How many entries the whole log has, by its checkpoint. */
  readonly size: number;
  /** The line that is wrong, from 1; null when none is. */
  readonly badLine: number | null;
  readonly reason: string | null;
}

/**
 * Checks an export without the log.
 *
 * @param publicKey - the log's, as `name+id+base64`, from a source that is trusted
 */
export async function verifyExport(
  lines: Iterable<string> | AsyncIterable<string>,
  publicKey: string,
): Promise<ExportReport> {
  let [line, size, checkpoint] = [0, 0, ""];
  try {
    for await (const text of lines) {
      line += 1;
      const value = parse(text);
      if (line === 1) {
        ({ checkpoint } = headerSchema.parse(value));
        size = openCheckpoint(checkpoint, [parseVerifierKey(publicKey)]).size;
      } else {
        verifyProof({ ...lineSchema.parse(value), size, checkpoint }, publicKey);
      }
    }
  } catch (error) {
    if (!(error instanceof LotseError) && !(error instanceof z.ZodError)) throw error;
    const reason = error instanceof LotseError ? error.message : "the line is not well formed";
    return { ok: false, entries: Math.max(0, line - 2), size, badLine: line, reason };
  }
  const reason = line === 0 ? "it is empty" : null;
  return { ok: line > 0, entries: Math.max(0, line - 1), size, badLine: null, reason };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
