import { isLotseError } from "../../kernel/index.ts";
import { isSameRecipient } from "./keys/age.ts";
import type { KeyOpener } from "./keys/port.ts";
import { entriesOf } from "./metadata.ts";
import type { SopsFormat, SopsMetadata, SopsPath } from "./model.ts";
import { openSops, parseSops, type ParsedSops } from "./open.ts";
import { pathId } from "./source-text.ts";

/** What happened to a value: `re-encrypted` is the same value in another ciphertext. */
export type SopsDifferenceKind = "added" | "removed" | "changed" | "re-encrypted";

/** One value that differs; never what it is. */
export interface SopsDifference {
  readonly path: SopsPath;
  readonly document: number;
  readonly kind: SopsDifferenceKind;
}

/** How two versions of a file differ. */
export interface SopsComparison {
  readonly differences: readonly SopsDifference[];
  readonly addedRecipients: readonly string[];
  readonly removedRecipients: readonly string[];
  /** Whether values were compared; without a key only ciphertexts are, and `changed` may be `re-encrypted`. */
  readonly byValue: boolean;
}

/** Two versions of a file. */
export interface DiffRequest {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly format: SopsFormat;
  readonly file: string;
  /** @defaultValue none: ciphertexts are compared */
  readonly identities?: readonly KeyOpener[];
}

/**
 * Compares two versions of a file: by value where the keys at hand open both, by ciphertext otherwise.
 *
 * @throws LotseError `secret.format` where one is not a sops file; `secret.mac`, `secret.value` where one that a
 * key opens was changed
 */
export async function diffSops(request: DiffRequest): Promise<SopsComparison> {
  const before = await readSide(request, request.before, "before");
  const after = await readSide(request, request.after, "after");
  const byValue = before.values !== undefined && after.values !== undefined;
  const differences: SopsDifference[] = [];
  for (const [id, new_] of after.texts) {
    const old = before.texts.get(id);
    if (old === undefined) differences.push({ path: new_.path, document: new_.document, kind: "added" });
    else if (old.text !== new_.text) {
      const isSame = byValue && before.values?.get(id) === after.values?.get(id);
      differences.push({
        path: new_.path,
        document: new_.document,
        kind: isSame ? "re-encrypted" : "changed",
      });
    }
  }
  for (const [id, old] of before.texts) {
    if (!after.texts.has(id)) differences.push({ path: old.path, document: old.document, kind: "removed" });
  }
  return {
    differences,
    addedRecipients: missingIn(before.metadata, after.metadata),
    removedRecipients: missingIn(after.metadata, before.metadata),
    byValue,
  };
}

interface Side {
  readonly metadata: SopsMetadata;
  readonly texts: ReadonlyMap<string, { path: SopsPath; document: number; text: string }>;
  readonly values: ReadonlyMap<string, string> | undefined;
}

async function readSide(request: DiffRequest, bytes: Uint8Array, side: string): Promise<Side> {
  const { format, identities = [] } = request;
  const file = `${request.file} (${side})`;
  const sops = parseSops({ bytes, format, file });
  const texts = new Map<string, { path: SopsPath; document: number; text: string }>();
  for (const entry of sops.parsed.entries) {
    if (entry.kind === "comment") continue;
    const text = JSON.stringify([entry.plain.type, entry.plain.bytes.toString("latin1")]);
    texts.set(pathId(entry.path, entry.document), { path: entry.path, document: entry.document, text });
  }
  return {
    metadata: sops.metadata,
    texts,
    values: await valuesOf(sops, { bytes, format, file, identities }),
  };
}

async function valuesOf(
  sops: ParsedSops,
  request: { bytes: Uint8Array; format: SopsFormat; file: string; identities: readonly KeyOpener[] },
): Promise<ReadonlyMap<string, string> | undefined> {
  if (request.identities.length === 0) return undefined;
  try {
    const document = await openSops(request);
    const values = new Map<string, string>();
    sops.parsed.entries.forEach((entry, index) => {
      const plain = document.plains[index]?.reveal();
      if (entry.kind === "comment" || plain === undefined) return;
      const text = JSON.stringify([plain.type, plain.bytes.toString("latin1")]);
      values.set(pathId(entry.path, entry.document), text);
    });
    return values;
  } catch (error) {
    if (isLotseError(error) && error.code === "secret.no-key") return undefined;
    throw error;
  }
}

function missingIn(one: SopsMetadata, other: SopsMetadata): readonly string[] {
  const known = entriesOf(one).map((entry) => entry.id);
  return entriesOf(other)
    .map((entry) => entry.id)
    .filter((id) => !known.some((kept) => isSameRecipient(kept, id)));
}
