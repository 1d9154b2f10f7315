import { posix } from "node:path";
import { errorOf, isLotseError, LotseError, type Files } from "../../kernel/index.ts";
import { importVariables } from "../dotenv/import.ts";
import { parseDotenv } from "../dotenv/reader.ts";
import { TextSource } from "../model/source.ts";
import { parseDocument, type Document } from "../parse/document.ts";
import { KeyTable } from "../parse/keys.ts";
import type { Limits } from "../parse/limits.ts";
import type { Policy } from "../schema/policy.ts";
import { readText } from "../parse/text.ts";

interface Entry {
  readonly stamp: string | undefined;
  readonly document: Document | undefined;
  readonly error: LotseError | undefined;
}

const otherEndings: ReadonlyMap<string, readonly string[]> = new Map([
  [".yml", [".yaml", ".json"]],
  [".yaml", [".yml", ".json"]],
  [".json", [".yml", ".yaml"]],
]);

/**
 * Reads and parses layer files, each once. A parsed file is kept until {@link DocumentStore.refresh} finds
 * that it changed, so documents can be compared by identity.
 */
export class DocumentStore {
  readonly #files: Files;
  readonly #limits: Limits;
  readonly #policy: Policy | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<string, ReadonlySet<string>>();
  readonly #stale = new Set<string>();
  readonly #keys = new KeyTable();
  #refreshes = 0;

  /** @param policy - what gives the variables of `.env` layers their paths and types */
  constructor(files: Files, limits: Limits, policy?: Policy) {
    this.#files = files;
    this.#limits = limits;
    this.#policy = policy;
  }

  /**
   * The parsed file at a path.
   *
   * @returns `undefined` where there is no such file
   * @throws LotseError `file.*`, `parse.*`
   */
  document(path: string): Document | undefined {
    let entry = this.#entries.get(path);
    if (entry === undefined || this.#stale.delete(path)) {
      entry = this.#load(path, entry);
      this.#entries.set(path, entry);
    }
    if (entry.error !== undefined) throw entry.error;
    return entry.document;
  }

  /**
   * The file that a pattern's path stands for: itself, or the same name with another supported ending.
   *
   * @returns `undefined` where there is none
   * @throws LotseError `file.ambiguous` where there are two
   */
  find(path: string): string | undefined {
    const directory = posix.dirname(path);
    const names = this.names(directory);
    const base = posix.basename(path);
    const ending = posix.extname(base);
    const stem = base.slice(0, base.length - ending.length);
    const candidates = [ending, ...(otherEndings.get(ending) ?? [])].filter((other) =>
      names.has(stem + other),
    );
    if (candidates.length > 1) {
      throw new LotseError({
        code: "file.ambiguous",
        message: `${candidates.map((other) => stem + other).join(" and ")} both claim the same place`,
        hint: "keep one of the two",
        where: { file: posix.join(directory, stem + (candidates[0] ?? "")) },
        related: [{ file: posix.join(directory, stem + (candidates[1] ?? "")) }],
      });
    }
    return candidates[0] === undefined ? undefined : posix.join(directory, stem + candidates[0]);
  }

  /** How often {@link DocumentStore.refresh} was called. */
  get refreshes(): number {
    return this.#refreshes;
  }

  /** The names in a directory. */
  names(directory: string): ReadonlySet<string> {
    let names = this.#names.get(directory);
    if (names === undefined) {
      names = new Set(this.#files.list(directory));
      this.#names.set(directory, names);
    }
    return names;
  }

  /**
   * Looks again at the disk: every file known so far is compared with its stamp when it is next asked for.
   *
   * @param paths - only these files may have changed; all if left out
   */
  refresh(paths?: Iterable<string>): void {
    this.#refreshes += 1;
    if (paths === undefined) {
      this.#names.clear();
      for (const path of this.#entries.keys()) this.#stale.add(path);
      return;
    }
    for (const path of paths) {
      if (this.#listingIsStale(path)) this.#names.delete(posix.dirname(path));
      this.#stale.add(path);
    }
  }

  /** A file that only changed is still in the listing of its directory, which may be long. */
  #listingIsStale(path: string): boolean {
    const listed = this.#names.get(posix.dirname(path))?.has(posix.basename(path));
    return listed !== undefined && listed !== this.#exists(path);
  }

  /** A file that may not be looked at is there; reading it tells why it is refused. */
  #exists(path: string): boolean {
    try {
      return this.#files.stamp(path) !== undefined;
    } catch (error) {
      if (isLotseError(error)) return true;
      throw error;
    }
  }

  #parse(path: string, text: string): Document {
    if (!/(?:^|\/)\.env(?:\.[^/]*)?$|\.env$/u.test(path))
      return parseDocument(path, text, this.#limits, this.#keys);
    const source = new TextSource(path, text);
    const { document, problems } = importVariables(source, parseDotenv(source), this.#policy);
    const [problem] = problems;
    if (problem !== undefined) throw errorOf(problem);
    return document;
  }

  #load(path: string, before: Entry | undefined): Entry {
    let stamp: string | undefined;
    try {
      stamp = this.#files.stamp(path);
      if (before !== undefined && stamp !== undefined && before.stamp === stamp) return before;
      const text = readText(path, this.#files, this.#limits);
      const document = text === undefined ? undefined : this.#parse(path, text);
      return { stamp, document, error: undefined };
    } catch (error) {
      if (!isLotseError(error)) throw error;
      return { stamp, document: undefined, error };
    }
  }
}
