import { timingSafeEqual } from "node:crypto";
import { Sensitive } from "../../kernel/index.ts";
import { additionalDataOf, looksEncrypted, openEnvelope, parseEnvelope } from "./envelope.ts";
import { adapterOf } from "./formats/adapters.ts";
import type { Entry, ParsedFile } from "./formats/parsed.ts";
import { unwrapDataKey } from "./keys/data-key.ts";
import type { KeyOpener } from "./keys/port.ts";
import { defaultLimits, type SopsLimits } from "./limits.ts";
import { MacHash } from "./mac.ts";
import { readMetadata } from "./metadata.ts";
import type { Plain, SopsDocument, SopsFormat, SopsLeaf, SopsMetadata } from "./model.ts";
import { valueOf } from "./plain.ts";
import { compileRule } from "./rules.ts";
import { decodeSource, formatSopsPath } from "./source-text.ts";
import type { DataKey } from "./keys/data-key-value.ts";

/** What it takes to open a file. */
export interface OpenRequest {
  readonly bytes: Uint8Array;
  readonly format: SopsFormat;
  /** For messages only; nothing is read from it. */
  readonly file: string;
  readonly identities: readonly KeyOpener[];
  /** @defaultValue {@link defaultLimits} */
  readonly limits?: SopsLimits;
}

/**
 * Opens a sops file: unwraps its data key, decrypts every value and verifies the MAC over them. There is no way
 * to a value of a file whose MAC is wrong.
 *
 * @throws LotseError `secret.format` where it is not a sops file, `secret.no-key` where no identity fits,
 * `secret.value` where a value is damaged or moved, `secret.mac` where the file was changed
 */
export async function openSops(request: OpenRequest): Promise<SopsDocument> {
  const { parsed, metadata } = parseSops(request);
  const dataKey = await unwrapDataKey(metadata, request.identities, parsed.source);
  return openWithKey(parsed, metadata, dataKey);
}

/** A file as far as it can be read without a key. */
export interface ParsedSops {
  readonly parsed: ParsedFile;
  readonly metadata: SopsMetadata;
}

/** Parses a file that must be a sops file. @throws LotseError `secret.format`, `secret.mac` */
export function parseSops(request: Omit<OpenRequest, "identities">): ParsedSops {
  const limits = request.limits ?? defaultLimits;
  const source = decodeSource(request.bytes, request.file, limits.maxBytes);
  const adapter = adapterOf(request.format);
  const parsed = { ...adapter.parse(source, limits), format: request.format };
  const map = adapter.readMetadata(parsed);
  if (map === undefined) {
    throw source.fail("secret.format", "the file is not encrypted: it has no sops metadata", {
      hint: `lotse secrets encrypt ${request.file} encrypts it`,
    });
  }
  const offset = parsed.documents[0]?.metadataSpan?.start;
  return { parsed, metadata: readMetadata(map, source, limits, offset) };
}

/** Decrypts and verifies a parsed file with its data key. @throws LotseError `secret.value`, `secret.mac` */
function openWithKey(parsed: ParsedFile, metadata: SopsMetadata, dataKey: DataKey): SopsDocument {
  const shouldEncrypt = compileRule(metadata.rules);
  const mac = new MacHash(metadata.rules);
  const plains: Sensitive<Plain>[] = [];
  const leaves: SopsLeaf[] = [];
  for (const [index, entry] of parsed.entries.entries()) {
    const encrypted = shouldEncrypt(entry.path, entry.comments, entry.kind === "comment");
    const plain = encrypted ? openEntry(parsed, index, entry, dataKey) : entry.plain;
    plains.push(new Sensitive(plain));
    if (entry.kind === "comment") continue;
    mac.add(plain, encrypted);
    leaves.push({
      path: entry.path,
      document: entry.document,
      type: plain.type === "comment" ? "str" : plain.type,
      encrypted: encrypted && plain.bytes.length > 0,
      value: new Sensitive(valueOf(plain)),
    });
  }
  verifyMac(parsed, metadata, dataKey, mac.hex());
  return { file: parsed.source.file, format: parsed.format, metadata, leaves, dataKey, parsed, plains };
}

/** The plaintext of an entry that the rules say is encrypted. @throws LotseError `secret.value` */
export function openEntry(parsed: ParsedFile, index: number, entry: Entry, dataKey: DataKey): Plain {
  if (entry.kind === "comment") return openComment(parsed, index, entry, dataKey);
  const text = entry.plain.bytes;
  if (entry.plain.type === "null" || (entry.plain.type === "str" && text.length === 0)) return entry.plain;
  const isText = entry.plain.type === "str";
  const envelope = isText ? parseEnvelope(text.toString("latin1")) : undefined;
  if (envelope === undefined || envelope.type === "comment") {
    const isDamaged = isText && looksEncrypted(text.toString("latin1"));
    throw parsed.source.fail(
      "secret.value",
      isDamaged
        ? "an encrypted value is damaged"
        : "a value is not encrypted, but the file's rules say it is",
      {
        offset: entry.alias?.start ?? entry.start,
        path: entry.path,
        hint: isDamaged ? "take the value before from git" : "set it with lotse secrets set",
      },
    );
  }
  const plain = openEnvelope(envelope, dataKey.cipherKey(), additionalDataOf(entry.path));
  if (plain !== undefined) return plain;
  throw parsed.source.fail(
    "secret.value",
    `the value at ${formatSopsPath(entry.path)} is damaged, or was made for another place or key`,
    { offset: entry.alias?.start ?? entry.start, path: entry.path, hint: "take the value before from git" },
  );
}

/**
 * A comment that is not encrypted, or does not decrypt, is taken as it is, as in sops: it is outside the MAC.
 * sops may have put a comment between two maps into either, so the maps around it are tried as well.
 */
function openComment(parsed: ParsedFile, index: number, entry: Entry, dataKey: DataKey): Plain {
  const envelope = parseEnvelope(entry.plain.bytes.toString("utf8").trim());
  if (envelope?.type !== "comment") return entry.plain;
  const paths = [entry.path, parsed.entries[index - 1]?.path, parsed.entries[index + 1]?.path];
  const tried = new Set<string>();
  for (const path of paths) {
    for (let length = path?.length ?? -1; length >= 0; length--) {
      const additionalData = additionalDataOf(path?.slice(0, length) ?? []);
      if (tried.has(additionalData)) continue;
      tried.add(additionalData);
      const plain = openEnvelope(envelope, dataKey.cipherKey(), additionalData);
      if (plain !== undefined) return plain;
    }
  }
  return entry.plain;
}

function verifyMac(parsed: ParsedFile, metadata: SopsMetadata, dataKey: DataKey, computed: string): void {
  const envelope = parseEnvelope(metadata.mac);
  const stored =
    envelope?.type === "str" ? openEnvelope(envelope, dataKey.cipherKey(), metadata.lastModified) : undefined;
  const expected = Buffer.from(computed);
  if (stored?.bytes.length === expected.length && timingSafeEqual(stored.bytes, expected)) return;
  throw parsed.source.fail("secret.mac", "the file was changed by something that does not know its key", {
    offset: parsed.documents[0]?.metadataSpan?.start,
    hint: "take the version before from git; after a merge use lotse secrets merge",
  });
}
