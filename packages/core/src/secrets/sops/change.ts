import { parsePlain, sealParsed } from "./encrypt.ts";
import { adapterOf } from "./formats/adapters.ts";
import { applyEdits, type Edit, type Entry, type ParsedFile } from "./formats/parsed.ts";
import { descend } from "./formats/tree.ts";
import type { Plain, PlainScalar, SopsDocument, SopsPath, TypedScalar } from "./model.ts";
import { plainOf, samePlain } from "./plain.ts";
import { compileRule } from "./rules.ts";
import {
  finish,
  reparse,
  Reuse,
  sealMac,
  sealValue,
  staysPlain,
  timestampOf,
  type SealTools,
} from "./seal.ts";
import { formatSopsPath, pathId } from "./source-text.ts";

/** One change of a file: another value, or no value any more. */
export type SopsChange = {
  readonly path: SopsPath;
  /** Which YAML document. @defaultValue 0 */
  readonly document?: number;
} & ({ readonly value: PlainScalar | TypedScalar } | { readonly delete: true });

/**
 * Changes single values. Every other value, every comment and the layout keep their bytes; only what is
 * changed, the MAC and the time of the change are written. Setting a value to what it is already changes
 * nothing at all.
 *
 * @returns the new file
 * @throws LotseError `secret.not-found` for a deletion of nothing, `secret.unrepresentable` where the format
 * has no place for a value
 */
export function changeSops(document: SopsDocument, changes: readonly SopsChange[], tools: SealTools): Buffer {
  const { file, format } = document;
  const text = new Changer(document, tools).apply(changes);
  if (text === document.parsed.source.text) return Buffer.from(text);
  const parsed = reparse(file, format, text);
  return restamp(document, parsed, tools);
}

/** Writes the MAC and the time of a file whose values are what they shall be. */
function restamp(document: SopsDocument, parsed: ParsedFile, tools: SealTools): Buffer {
  const lastModified = timestampOf(tools.clock);
  const mac = sealMac(parsed, document.metadata, document.dataKey, lastModified, tools);
  const fields = new Map([
    ["mac", mac],
    ["lastmodified", lastModified],
  ]);
  return Buffer.from(applyEdits(parsed.source.text, adapterOf(document.format).stamp(parsed, fields)));
}

class Changer {
  readonly #document: SopsDocument;
  readonly #tools: SealTools;
  readonly #entries = new Map<string, number>();
  readonly #edits = new Map<string, Edit>();

  constructor(document: SopsDocument, tools: SealTools) {
    this.#document = document;
    this.#tools = tools;
    document.parsed.entries.forEach((entry, index) => {
      if (entry.kind === "value") this.#entries.set(pathId(entry.path, entry.document), index);
    });
  }

  /** Replacements go in one pass; what adds or removes keys moves others, so that comes one by one. */
  apply(changes: readonly SopsChange[]): string {
    const structural: SopsChange[] = [];
    for (const change of changes) {
      if (structural.some((earlier) => moves(earlier, change)) || !this.#replace(change))
        structural.push(change);
    }
    const { file, format, parsed } = this.#document;
    let text = applyEdits(parsed.source.text, [...this.#edits.values()]);
    for (const change of structural) {
      const now = reparse(file, format, text);
      text = applyEdits(text, this.#restructure(now, change));
    }
    return text;
  }

  #replace(change: SopsChange): boolean {
    if ("delete" in change) return false;
    const id = pathId(change.path, change.document);
    const index = this.#entries.get(id);
    if (index === undefined) return false;
    const { parsed, plains } = this.#document;
    const entry = parsed.entries[index] as Entry;
    const plain = this.#plain(change);
    const before = plains[index]?.reveal();
    if (before !== undefined && samePlain(before, plain)) {
      this.#edits.delete(id);
      return true;
    }
    if (entry.alias !== undefined || entry.node?.anchored === true) {
      throw parsed.source.fail(
        "secret.unrepresentable",
        "the value stands in several places by a YAML anchor",
        {
          offset: entry.alias?.start ?? entry.start,
          path: entry.path,
          hint: "write it out at each place",
        },
      );
    }
    this.#edits.set(
      id,
      adapterOf(this.#document.format).replace(parsed, entry, this.#written(change, plain, entry)),
    );
    return true;
  }

  #restructure(now: ParsedFile, change: SopsChange): readonly Edit[] {
    const adapter = adapterOf(this.#document.format);
    const index = change.document ?? 0;
    if ("delete" in change) return [adapter.remove(now, index, change.path)];
    // An earlier change of the same call may have made the place.
    const id = pathId(change.path, index);
    const entry = now.entries.find(
      (other) => other.kind === "value" && pathId(other.path, other.document) === id,
    );
    const plain = this.#plain(change);
    if (entry !== undefined) return [adapter.replace(now, entry, this.#written(change, plain, entry))];
    const root = now.documents[index]?.root;
    const found = root === undefined || change.path.length === 0 ? undefined : descend(root, change.path);
    if (found?.item !== undefined && found.rest.length === 1) {
      throw now.source.fail("secret.unrepresentable", `${formatSopsPath(change.path)} is a map or list`, {
        path: change.path,
        hint: "set the values below it, or delete it first",
      });
    }
    return [adapter.insert(now, index, change.path, this.#written(change, plain))];
  }

  #plain(change: { readonly path: SopsPath; readonly value: PlainScalar | TypedScalar }): Plain {
    const plain = plainOf(change.value);
    if (plain !== undefined) return plain;
    throw this.#document.parsed.source.fail(
      "secret.unrepresentable",
      "the value is not of its type, or too large",
      {
        path: change.path,
        hint: "whole numbers have up to 64 bits, times are RFC 3339",
      },
    );
  }

  #written(change: SopsChange, plain: Plain, entry?: Entry): { plain: Plain } | { sealed: string } {
    const rule = compileRule(this.#document.metadata.rules);
    const comments = entry?.comments ?? (() => []);
    if (staysPlain(plain) || !rule(change.path, comments, false)) return { plain };
    return { sealed: sealValue(plain, change.path, this.#document.dataKey, this.#tools) };
  }
}

/** Whether a removal takes away, or in a list moves, what a later change names. */
function moves(earlier: SopsChange, later: SopsChange): boolean {
  if (!("delete" in earlier) || (earlier.document ?? 0) !== (later.document ?? 0)) return false;
  const prefix = typeof earlier.path.at(-1) === "number" ? earlier.path.slice(0, -1) : earlier.path;
  return prefix.every((key, at) => key === later.path[at]);
}

/**
 * Encrypts a new plain version of an opened file with the same data key and recipients. A value that is the
 * same at the same place keeps its ciphertext byte for byte.
 *
 * @param plain - the whole plain file, as {@link decryptSops} gives it
 * @throws LotseError `secret.already-encrypted`, `secret.format`
 */
export function replacePlain(document: SopsDocument, plain: Uint8Array, tools: SealTools): Buffer {
  const { file, format, metadata, dataKey } = document;
  const request = { bytes: plain, file, format, ...tools };
  const parsed = parsePlain(request);
  const sealed = sealParsed(parsed, request, metadata.rules, dataKey, new Reuse(document));
  return finish(sealed, metadata, dataKey, tools);
}
