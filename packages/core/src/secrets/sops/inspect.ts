import { looksEncrypted, parseEnvelope } from "./envelope.ts";
import { adapterOf } from "./formats/adapters.ts";
import { defaultLimits } from "./limits.ts";
import type { SopsFormat, SopsMetadata, SopsPath, ValueType } from "./model.ts";
import { parseSops } from "./open.ts";
import { SourceText } from "./source-text.ts";

/** A value as far as it can be seen without a key. */
export interface InspectedValue {
  readonly path: SopsPath;
  readonly document: number;
  readonly encrypted: boolean;
  readonly type: ValueType;
  /** Line in the file, from 1. */
  readonly line: number;
}

/** A file as far as it can be read without a key. Nothing of it is verified. */
export interface SopsInspection {
  readonly format: SopsFormat;
  readonly metadata: SopsMetadata;
  readonly values: readonly InspectedValue[];
}

/**
 * Reads the metadata and the names of the values without any key.
 *
 * @throws LotseError `secret.format`, `secret.mac` where there is none
 */
export function inspectSops(bytes: Uint8Array, format: SopsFormat, file = "file"): SopsInspection {
  const { parsed, metadata } = parseSops({ bytes, format, file });
  const values: InspectedValue[] = [];
  const lines = lineCounter(parsed.source.text);
  for (const entry of parsed.entries) {
    if (entry.kind === "comment") continue;
    const text = entry.plain.type === "str" ? entry.plain.bytes.toString("latin1") : "";
    const envelope = looksEncrypted(text) ? parseEnvelope(text) : undefined;
    const type = envelope?.type ?? entry.plain.type;
    values.push({
      path: entry.path,
      document: entry.document,
      encrypted: envelope !== undefined,
      type: type === "comment" ? "str" : type,
      line: lines(entry.alias?.start ?? entry.start),
    });
  }
  return { format, metadata, values };
}

/** Counts lines for offsets that mostly grow. */
function lineCounter(text: string): (offset: number) => number {
  let at = 0;
  let line = 1;
  return (offset) => {
    if (offset < at) {
      at = 0;
      line = 1;
    }
    for (let next = text.indexOf("\n", at); next >= 0 && next < offset; next = text.indexOf("\n", at)) {
      line += 1;
      at = next + 1;
    }
    return line;
  };
}

/** Whether a file has sops metadata; a file that cannot be parsed has none. */
export function isSopsFile(bytes: Uint8Array, format: SopsFormat): boolean {
  if (bytes.length > defaultLimits.maxBytes) return false;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("sops")) return false;
    const parsed = adapterOf(format).parse(new SourceText("file", text), defaultLimits);
    const map = adapterOf(format).readMetadata(parsed);
    return map !== undefined && (map.has("mac") || map.has("lastmodified"));
  } catch {
    return false;
  }
}
