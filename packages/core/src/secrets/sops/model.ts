import type { Sensitive } from "../../kernel/index.ts";
import type { DataKey } from "./keys/data-key-value.ts";
import type { KeyGroup } from "./metadata.ts";
import type { ParsedFile } from "./formats/parsed.ts";
import type { RuleSet } from "./rules.ts";

/** The formats of a sops file. `binary` is any file as one value, kept in a JSON envelope. */
export type SopsFormat = "yaml" | "json" | "env" | "ini" | "binary";

/** What kind of value stands at a path, as sops writes it behind `type:`; `null` is never encrypted. */
export type ValueType = "str" | "int" | "float" | "bool" | "bytes" | "time" | "null";

/** A key of a map (text) or a place in a list (from 0). */
export type PathKey = string | number;

/** The way from the top of a document to a value. */
export type SopsPath = readonly PathKey[];

/**
 * A value as JavaScript has it: `int` as bigint where a number would lose digits, `time` as RFC 3339 text,
 * `str` as bytes where it is not UTF-8.
 */
export type PlainScalar = string | number | bigint | boolean | null | Uint8Array;

/** A value with its type said explicitly, for what a JavaScript value alone does not tell. */
export interface TypedScalar {
  readonly type: ValueType;
  readonly value: PlainScalar;
}

/** One value of an opened file. */
export interface SopsLeaf {
  readonly path: SopsPath;
  /** Which YAML document of the file, from 0. */
  readonly document: number;
  readonly type: ValueType;
  /** Whether it stands encrypted in the file. */
  readonly encrypted: boolean;
  readonly value: Sensitive<PlainScalar>;
}

/** What a file's `sops` block says. */
export interface SopsMetadata {
  readonly groups: readonly KeyGroup[];
  /** Whether the keys stand in `key_groups`, each group opening one Shamir share of the data key. */
  readonly grouped: boolean;
  /** How many groups it takes; 0 where the file does not say, which means all of them. */
  readonly shamirThreshold: number;
  /** RFC 3339, whole seconds. */
  readonly lastModified: string;
  /** The encrypted MAC. */
  readonly mac: string;
  readonly version: string;
  readonly rules: RuleSet;
}

/**
 * An opened file: verified, decrypted, and still knowing every byte it was read from. It holds the data key, so
 * it lives as short as possible.
 */
export interface SopsDocument {
  readonly file: string;
  readonly format: SopsFormat;
  readonly metadata: SopsMetadata;
  /** In document order, comments and metadata left out. */
  readonly leaves: readonly SopsLeaf[];
  readonly dataKey: DataKey;
  /** The file as it was parsed; for this folder's own modules. */
  readonly parsed: ParsedFile;
  /** The value at each entry of `parsed`, in the same order; for this folder's own modules. */
  readonly plains: readonly Sensitive<Plain>[];
}

/** The types of what can stand between `ENC[` and `]`, and the unencrypted null. */
export type PlainType = ValueType | "comment";

/** A value as the MAC sees it: its type and the canonical bytes of its plaintext. */
export interface Plain {
  readonly type: PlainType;
  readonly bytes: Buffer;
}
