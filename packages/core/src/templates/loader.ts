import { SecurityError, type Loader, type TemplateSource } from "@lotse/jinja";
import { LotseError, staysInside, type Files } from "../kernel/index.ts";

/** The longest template, in bytes. The limits of the language count what comes out of it. */
export const maxTemplateBytes = 524_288;

/**
 * Templates of one tree of files. A name is a path in the tree; `include`, `import` and `extends` reach nothing
 * outside it, be it by `..`, an absolute path or a symbolic link.
 */
export class FilesLoader implements Loader {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * @throws SecurityError for a name that leads out of the tree
   * @throws LotseError `file.outside` for a link that does, `file.too-large`, `file.encoding`,
   * `file.not-readable`
   */
  load(name: string): TemplateSource | null {
    if (!staysInside(name)) throw new SecurityError(`${name} leads out of the directory of the templates`);
    const size = this.#files.size(name);
    if (size === undefined) return null;
    if (size > maxTemplateBytes) {
      throw new LotseError({
        code: "file.too-large",
        message: `${name} is larger than ${maxTemplateBytes} bytes`,
        hint: "split it with include",
        where: { file: name },
      });
    }
    const bytes = this.#files.read(name);
    return bytes === undefined ? null : { source: decode(bytes, name), filename: name };
  }
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LotseError({
      code: "file.encoding",
      message: `${name} is not valid UTF-8`,
      hint: "save the template as UTF-8",
      where: { file: name },
      cause,
    });
  }
}
