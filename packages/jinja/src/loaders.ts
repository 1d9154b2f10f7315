import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { SizeLimitError, TemplateNotFound } from "./errors.ts";

/** Where templates come from. `null` = no such template here. */
export interface Loader {
  load(name: string): TemplateSource | null;
}

/** A template's text. */
export interface TemplateSource {
  readonly source: string;
  /** The file, for messages; unset where there is none. */
  readonly filename?: string;
}

/** Templates from an object or map of name and source. */
export class DictLoader implements Loader {
  readonly #templates: ReadonlyMap<string, string>;

  constructor(templates: Readonly<Record<string, string>> | ReadonlyMap<string, string>) {
    this.#templates = templates instanceof Map ? templates : new Map(Object.entries(templates));
  }

  load(name: string): TemplateSource | null {
    const source = this.#templates.get(name);
    return source === undefined ? null : { source };
  }
}

/** Templates from a function; it returns `null` for a name it does not know. */
export class FunctionLoader implements Loader {
  readonly #load: (name: string) => string | null;

  constructor(load: (name: string) => string | null) {
    this.#load = load;
  }

  load(name: string): TemplateSource | null {
    const source = this.#load(name);
    return source === null ? null : { source };
  }
}

/** The first of several loaders that knows the name. */
export class ChoiceLoader implements Loader {
  readonly #loaders: readonly Loader[];

  constructor(loaders: readonly Loader[]) {
    this.#loaders = loaders;
  }

  load(name: string): TemplateSource | null {
    for (const loader of this.#loaders) {
      const found = loader.load(name);
      if (found !== null) return found;
    }
    return null;
  }
}

/** Loaders by the first part of the name, as in `app/index.html`. */
export class PrefixLoader implements Loader {
  readonly #loaders: ReadonlyMap<string, Loader>;
  readonly #delimiter: string;

  /** @defaultValue `delimiter` is `/` */
  constructor(loaders: Readonly<Record<string, Loader>>, delimiter = "/") {
    this.#loaders = new Map(Object.entries(loaders));
    this.#delimiter = delimiter;
  }

  load(name: string): TemplateSource | null {
    const at = name.indexOf(this.#delimiter);
    if (at === -1) return null;
    const loader = this.#loaders.get(name.slice(0, at));
    return loader?.load(name.slice(at + this.#delimiter.length)) ?? null;
  }
}

/**
 * Templates from directories, the first that has the file. Names stay inside: `..` is no name,
 * and a symbolic link that leads out is not followed.
 */
export class FileSystemLoader implements Loader {
  readonly #directories: readonly string[];
  readonly #maxBytes: number;

  /** @defaultValue `maxBytes` of one file is 16 MiB */
  constructor(directories: string | readonly string[], { maxBytes = 16_777_216 } = {}) {
    this.#maxBytes = maxBytes;
    const list = typeof directories === "string" ? [directories] : directories;
    this.#directories = list.map((directory) => resolve(directory));
  }

  /** @throws TemplateNotFound for a name that would leave the directories, SizeLimitError for a file that is too large */
  load(name: string): TemplateSource | null {
    const parts = name.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.some((part) => part === ".." || part.includes(sep) || /[\\\0]/.test(part))) {
      throw new TemplateNotFound([name]);
    }
    for (const directory of this.#directories) {
      const filename = join(directory, ...parts);
      const source = readInside(directory, filename, this.#maxBytes);
      if (source !== null) return { source, filename };
    }
    return null;
  }
}

/** What `open` and `realpath` say of a name that is no template's. */
const noTemplate: ReadonlySet<unknown> = new Set([
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENXIO",
]);

/** The text of a regular file inside of the directory; `null` = there is none. @throws {@link SizeLimitError} */
function readInside(directory: string, filename: string, maxBytes: number): string | null {
  let file: number | undefined;
  try {
    const real = realpathSync(filename);
    if (!real.startsWith(realpathSync(directory) + sep)) return null;
    // No link may take the file's place meanwhile, and a named pipe must not be waited for.
    file = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (!status.isFile()) return null;
    if (status.size > maxBytes) throw new SizeLimitError("a template file, in bytes,", maxBytes);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && noTemplate.has(error.code)) return null;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
