import { createHash } from "node:crypto";
import { structureDigest, type Manifest, type StructureLeaf } from "../manifest/index.ts";
import { formatOfFile, type SopsFormat } from "../sops/index.ts";
import { parseSops, type ParsedSops } from "../sops/open.ts";
import { nameOfLeaf } from "./leaf-names.ts";
import type { SecretLayer } from "./layer.ts";

/** A secret file that was read and is the one its manifest binds; nothing in it is decrypted. */
export interface LoadedFile {
  readonly layer: SecretLayer;
  /** Relative to the workspace; the layer's own file, or one beside it. */
  readonly file: string;
  /** The name of the one value in a file that was written blindly; null for the layer's own file. */
  readonly incoming: string | null;
  readonly format: SopsFormat;
  readonly bytes: Uint8Array;
  readonly parsed: ParsedSops;
  readonly manifest: Manifest;
}

/** A layer's own file, where there is one, with the values that were written beside it. */
export interface LoadedLayer {
  readonly layer: SecretLayer;
  readonly main: LoadedFile | null;
  readonly incoming: readonly LoadedFile[];
}

/** The values of a parsed file as they stand there, for the structure's digest and for names. */
export function leavesOf({ parsed }: ParsedSops): readonly StructureLeaf[] {
  return parsed.entries.flatMap(({ kind, document, path, plain }) => {
    if (kind === "comment") return [];
    const text = plain.bytes.toString("utf8");
    return [{ path: [document, ...path], type: plain.type, encrypted: text.startsWith("ENC["), text }];
  });
}

/** The structure of a parsed file. */
export function structureOf(parsed: ParsedSops): string {
  return structureDigest(leavesOf(parsed));
}

/** What a manifest binds of a file's content. */
export interface BoundContent {
  readonly structure: string;
  /** Each as `kind:id`, sorted. */
  readonly recipients: readonly string[];
}

/**
 * What a manifest of these bytes would bind.
 *
 * @throws LotseError `secret.format`
 */
export function boundContentOf(bytes: Uint8Array, file: string): BoundContent {
  const parsed = parseSops({ bytes, format: formatOfFile(file), file });
  return { structure: structureOf(parsed), recipients: recipientsOf(parsed) };
}

/** The recipients of a file, each as `kind:id`, sorted. */
export function recipientsOf({ metadata }: ParsedSops): readonly string[] {
  const all = metadata.groups.flatMap((group, index) =>
    group.entries.map(({ kind, id }) => (metadata.grouped ? `${index}/${kind}:${id}` : `${kind}:${id}`)),
  );
  return all.sort();
}

/** The values of a file by name, each with the short digest of its ciphertext. */
export function tokensOf(parsed: ParsedSops, format: SopsFormat): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const { path, text } of leavesOf(parsed)) {
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    tokens.set(nameOfLeaf(path.slice(1), format), digest);
  }
  return tokens;
}
