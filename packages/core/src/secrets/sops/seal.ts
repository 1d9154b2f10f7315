import { additionalDataOf, ivBytes, sealEnvelope } from "./envelope.ts";
import { adapterOf } from "./formats/adapters.ts";
import { applyEdits, type Edit, type ParsedFile } from "./formats/parsed.ts";
import { defaultLimits } from "./limits.ts";
import { MacHash } from "./mac.ts";
import { metadataMap } from "./metadata.ts";
import type { Plain, SopsDocument, SopsFormat, SopsMetadata } from "./model.ts";
import { openEntry } from "./open.ts";
import { compileRule } from "./rules.ts";
import { SourceText } from "./source-text.ts";
import type { DataKey } from "./keys/data-key-value.ts";

/** What writing takes from outside, so that it is pure. */
export interface SealTools {
  readonly clock: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Ciphertexts of the version before, by place and value, so that what did not change keeps its bytes. */
export class Reuse {
  readonly #sealed = new Map<string, string>();

  /** @param document - the version before, or nothing */
  constructor(document?: SopsDocument) {
    if (document === undefined) return;
    const adapter = adapterOf(document.format);
    document.parsed.entries.forEach((entry, index) => {
      const plain = document.plains[index]?.reveal();
      const text = entry.plain.bytes.toString("utf8");
      if (plain === undefined || !text.startsWith("ENC[")) return;
      const key = keyOf(additionalDataOf(entry.path), adapter.readBack(plain));
      if (!this.#sealed.has(key)) this.#sealed.set(key, text.trim());
    });
  }

  /** The ciphertext that the value had at this place. */
  find(additionalData: string, plain: Plain): string | undefined {
    return this.#sealed.get(keyOf(additionalData, plain));
  }
}

function keyOf(additionalData: string, plain: Plain): string {
  return JSON.stringify([additionalData, plain.type, plain.bytes.toString("latin1")]);
}

/** Encrypts one value for its place, or takes its ciphertext of before. */
export function sealValue(
  plain: Plain,
  path: readonly (string | number)[],
  dataKey: DataKey,
  tools: SealTools,
  reuse?: Reuse,
): string {
  const additionalData = additionalDataOf(path);
  const before = reuse?.find(additionalData, plain);
  return before ?? sealEnvelope(plain, dataKey.cipherKey(), additionalData, tools.randomBytes(ivBytes));
}

/** Whether a value is written as it is even where the rules say encrypt: null, and what is empty. */
export function staysPlain(plain: Plain): boolean {
  return plain.type === "null" || plain.bytes.length === 0;
}

/** The time as metadata has it: RFC 3339 in whole seconds. */
export function timestampOf(clock: () => Date): string {
  return clock()
    .toISOString()
    .replace(/\.\d+Z$/u, "Z");
}

/** Computes the MAC over a file as it stands and encrypts it for the time it was changed at. */
export function sealMac(
  parsed: ParsedFile,
  metadata: Pick<SopsMetadata, "rules">,
  dataKey: DataKey,
  lastModified: string,
  tools: SealTools,
): string {
  const shouldEncrypt = compileRule(metadata.rules);
  const mac = new MacHash(metadata.rules);
  for (const [index, entry] of parsed.entries.entries()) {
    if (entry.kind === "comment") continue;
    const encrypted = shouldEncrypt(entry.path, entry.comments, false);
    mac.add(encrypted ? openEntry(parsed, index, entry, dataKey) : entry.plain, encrypted);
  }
  const plain: Plain = { type: "str", bytes: Buffer.from(mac.hex()) };
  return sealEnvelope(plain, dataKey.cipherKey(), lastModified, tools.randomBytes(ivBytes));
}

/** Parses text that this program made. */
export function reparse(file: string, format: SopsFormat, text: string): ParsedFile {
  // What was within the limits and grew by its encryption is not refused.
  const limits = { ...defaultLimits, maxBytes: Number.MAX_SAFE_INTEGER };
  return { ...adapterOf(format).parse(new SourceText(file, text), limits), format };
}

/** The edits that encrypt every value of a plain file that the rules name. */
export function sealEdits(
  parsed: ParsedFile,
  rules: SopsMetadata["rules"],
  dataKey: DataKey,
  tools: SealTools,
  reuse: Reuse,
): readonly Edit[] {
  const adapter = adapterOf(parsed.format);
  const shouldEncrypt = compileRule(rules);
  const edits: Edit[] = [];
  for (const entry of parsed.entries) {
    if (staysPlain(entry.plain) || !shouldEncrypt(entry.path, entry.comments, entry.kind === "comment"))
      continue;
    const sealed = sealValue(entry.plain, entry.path, dataKey, tools, reuse);
    edits.push(adapter.replace(parsed, entry, { sealed }));
  }
  return edits;
}

/** Puts new metadata with a fresh MAC into a file whose values are encrypted already. */
export function finish(
  parsed: ParsedFile,
  metadata: Omit<SopsMetadata, "mac" | "lastModified">,
  dataKey: DataKey,
  tools: SealTools,
): Buffer {
  const lastModified = timestampOf(tools.clock);
  const mac = sealMac(parsed, metadata, dataKey, lastModified, tools);
  const edits = adapterOf(parsed.format).setMetadata(parsed, metadataMap({ ...metadata, mac, lastModified }));
  return Buffer.from(applyEdits(parsed.source.text, edits));
}
