/**
 * Test states for the configuration engine: a workspace in memory and an engine on it.
 *
 * {@link MemoryFiles} is a double of the `Files` port; `kernel/files.test.ts` holds it to the same contract as
 * the directory on disk.
 */
import {
  isLotseError,
  outsideError,
  staysInside,
  type Clock,
  type Files,
  type LotseError,
} from "../../kernel/index.ts";
import { ConfigEngine } from "../resolve/engine.ts";

/** Files by their path in the workspace: texts, or bytes where the encoding matters. */
export type Tree = Readonly<Record<string, string | Uint8Array>>;

/** A double of the `Files` port that keeps its files in memory and counts what is read. */
export class MemoryFiles implements Files {
  readonly label = "memory";
  /** The paths that were read, in order. */
  readonly reads: string[] = [];
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly version: number }>();
  #version = 0;

  constructor(tree: Tree = {}) {
    for (const [path, content] of Object.entries(tree)) this.write(path, content);
  }

  /** Creates or changes a file. */
  write(path: string, content: string | Uint8Array): void {
    this.#version += 1;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#files.set(path, { bytes, version: this.#version });
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  read(path: string): Uint8Array | undefined {
    checkInside(path);
    this.reads.push(path);
    return this.#files.get(path)?.bytes;
  }

  list(directory: string): readonly string[] {
    checkInside(directory);
    const prefix = directory === "." || directory === "" ? "" : `${directory}/`;
    const names = [...this.#files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length).split("/")[0] ?? "");
    return [...new Set(names)].sort();
  }

  stamp(path: string): string | undefined {
    return this.#files.get(path)?.version.toString();
  }

  size(path: string): number | undefined {
    checkInside(path);
    return this.#files.get(path)?.bytes.length;
  }
}

function checkInside(path: string): void {
  if (!staysInside(path)) throw outsideError(path, "leads out of the workspace");
}

/** What a test may decide about its engine besides the files. */
export interface EngineSettings {
  /** The process environment. @defaultValue empty */
  readonly variables?: Readonly<Record<string, string>>;
  /** The present day or moment. @defaultValue 2026-06-15 */
  readonly now?: string;
}

/** A clock that stands still. */
function clockAt(now: string): Clock {
  return { now: () => new Date(now), elapsedMs: () => 0, sleep: () => Promise.resolve() };
}

/** An engine on files in memory. Where the tree has no `lotse.yml`, it is `version: 1` and nothing else. */
export function engineOf(tree: Tree, settings: EngineSettings = {}): ConfigEngine {
  return engineOn(new MemoryFiles({ "lotse.yml": "version: 1\n", ...tree }), settings);
}

/**
 * A workspace whose only environment is `dev`, with one layer for each text, lowest first: `l0` from
 * `environments/l0.yml` and so on, and `set` above them.
 */
export function stack(texts: readonly string[], schema?: string): Tree {
  const layers = texts.map((_, index) => `  - {name: l${index}, path: l${index}.yml}\n`).join("");
  const files = texts.map((text, index) => [`environments/l${index}.yml`, text]);
  return {
    "lotse.yml": `version: 1\nenvironments: {dev: {}}\n${schema === undefined ? "" : "schema: schema.yml\n"}layers:\n${layers}  - {name: set, from: set}\n`,
    ...(schema === undefined ? {} : { "schema.yml": schema }),
    ...(Object.fromEntries(files) as Tree),
  };
}

/** An engine on given files. */
export function engineOn(files: Files, settings: EngineSettings = {}): ConfigEngine {
  return new ConfigEngine({
    files,
    clock: clockAt(settings.now ?? "2026-06-15"),
    variables: settings.variables ?? {},
  });
}

/**
 * The error that a call throws on purpose.
 *
 * @throws Error when it throws nothing, or something that is no `LotseError`
 */
export function failure(act: () => unknown): LotseError {
  try {
    act();
  } catch (error) {
    if (isLotseError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
