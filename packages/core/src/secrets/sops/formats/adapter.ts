import type { SopsLimits } from "../limits.ts";
import type { Plain, SopsPath } from "../model.ts";
import type { SourceText } from "../source-text.ts";
import type { Edit, Entry, ParsedFile } from "./parsed.ts";

/** The metadata of a file as plain data; maps keep their order. */
export type MetaValue = string | number | boolean | null | readonly MetaValue[] | MetaMap;

/** A map of metadata. */
export type MetaMap = ReadonlyMap<string, MetaValue>;

/** A value that is to be written: as it is, or encrypted already. */
export type Written = { readonly plain: Plain } | { readonly sealed: string };

/**
 * What a file format knows: where things stand in its text, and how they are written. It knows nothing of keys
 * and ciphers; every change is a list of edits of the text, so that what is not changed keeps its bytes.
 */
export interface FormatAdapter {
  /** @throws LotseError `secret.format` with line and column */
  parse(source: SourceText, limits: SopsLimits): ParsedFile;
  /** The metadata of the first document, or `undefined` where the file has none. */
  readMetadata(parsed: ParsedFile): MetaMap | undefined;
  /**
   * Writes another value to the place of an entry.
   *
   * @throws LotseError `secret.unrepresentable` where the format cannot hold it
   */
  replace(parsed: ParsedFile, entry: Entry, value: Written): Edit;
  /**
   * Adds a value at a path that does not exist yet, with the maps on the way to it; a list takes one item at its
   * end.
   *
   * @throws LotseError `secret.unrepresentable` where there is no place for it
   */
  insert(parsed: ParsedFile, document: number, path: SopsPath, value: Written): Edit;
  /** Takes a value, or all values below a path, out of the file. @throws LotseError `secret.not-found` */
  remove(parsed: ParsedFile, document: number, path: SopsPath): Edit;
  /** Puts the metadata in, replacing what is there. */
  setMetadata(parsed: ParsedFile, metadata: MetaMap): readonly Edit[];
  /** Writes aliases out, so that every value stands in one place only. */
  expandAliases(parsed: ParsedFile): readonly Edit[];
  /** What the parser makes of a value after it was written in plain text: some formats lose its type. */
  readBack(plain: Plain): Plain;
  /** Cuts the metadata out. */
  dropMetadata(parsed: ParsedFile): readonly Edit[];
  /** Writes single fields of the metadata in place, in every document. */
  stamp(parsed: ParsedFile, fields: ReadonlyMap<string, string>): readonly Edit[];
}
