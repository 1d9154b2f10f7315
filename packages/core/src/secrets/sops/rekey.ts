import { adapterOf } from "./formats/adapters.ts";
import { applyEdits, type Edit } from "./formats/parsed.ts";
import { envelopeText } from "./envelope.ts";
import { ageWrapper } from "./keys/age.ts";
import { dataKeyBytes } from "./keys/data-key.ts";
import type { KeyWrapper } from "./keys/port.ts";
import { recipientsOf, wrapDataKey, type RecipientSet } from "./keys/recipients.ts";
import { entriesOf, metadataMap } from "./metadata.ts";
import type { SopsDocument } from "./model.ts";
import { finish, reparse, sealValue, type SealTools } from "./seal.ts";
import { DataKey } from "./keys/data-key-value.ts";

/** What a change of recipients takes. */
export interface RekeyRequest {
  /** @defaultValue the recipients that the file has */
  readonly recipients?: RecipientSet;
  /** @defaultValue age and SSH recipients */
  readonly wrappers?: readonly KeyWrapper[];
}

/**
 * Wraps the same data key for other recipients. Who is among them before and after keeps the wrapped key byte
 * for byte, and no value is touched. A recipient that is left out may still know the data key: use
 * {@link rotateDataKey} to shut somebody out.
 *
 * @throws LotseError `secret.recipient`
 */
export async function updateKeys(
  document: SopsDocument,
  request: RekeyRequest,
  tools: SealTools,
): Promise<Buffer> {
  const { metadata, parsed, dataKey } = document;
  const kept = metadata.grouped ? [] : entriesOf(metadata);
  const keys = await wrapDataKey(
    request.recipients ?? recipientsOf(metadata),
    dataKey.reveal(),
    { wrappers: request.wrappers ?? [ageWrapper(tools.randomBytes)], randomBytes: tools.randomBytes },
    kept,
  );
  const edits = adapterOf(document.format).setMetadata(parsed, metadataMap({ ...metadata, ...keys }));
  return Buffer.from(applyEdits(parsed.source.text, edits));
}

/**
 * Makes a new data key, encrypts every value with it and wraps it for the recipients.
 *
 * @throws LotseError `secret.recipient` where the file has a key of a kind that can only be kept
 */
export async function rotateDataKey(
  document: SopsDocument,
  request: RekeyRequest,
  tools: SealTools,
): Promise<Buffer> {
  const { metadata, parsed, plains, file, format } = document;
  const dataKey = new DataKey(tools.randomBytes(dataKeyBytes));
  const keys = await wrapDataKey(request.recipients ?? recipientsOf(metadata), dataKey.reveal(), {
    wrappers: request.wrappers ?? [ageWrapper(tools.randomBytes)],
    randomBytes: tools.randomBytes,
  });
  const adapter = adapterOf(format);
  const edits: Edit[] = [];
  parsed.entries.forEach((entry, index) => {
    const plain = plains[index]?.reveal();
    if (plain === undefined || !envelopeText(entry.plain) || plain === entry.plain) return;
    if (entry.alias !== undefined) return;
    edits.push(adapter.replace(parsed, entry, { sealed: sealValue(plain, entry.path, dataKey, tools) }));
  });
  const sealed = reparse(file, format, applyEdits(parsed.source.text, edits));
  return finish(sealed, { ...metadata, ...keys }, dataKey, tools);
}
