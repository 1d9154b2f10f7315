import { LotseError, type ErrorCode, type Where } from "../../kernel/index.ts";
import type { SopsPath } from "./model.ts";

/** What a failure at a place of a file is made of. */
export interface FailureParts {
  readonly offset?: number | undefined;
  readonly path?: SopsPath | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The text of a file that knows its name, to turn offsets (UTF-16 units) into lines and columns. */
export class SourceText {
  readonly file: string;
  readonly text: string;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** The place of an offset; a linear search, for the way into an error only. */
  where(offset: number | undefined, path?: SopsPath): Where {
    const named = path === undefined || path.length === 0 ? {} : { path: formatSopsPath(path) };
    if (offset === undefined) return { file: this.file, ...named };
    const before = this.text.slice(0, offset);
    const lastBreak = before.lastIndexOf("\n");
    let line = 1;
    for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line += 1;
    return { file: this.file, line, column: offset - lastBreak, ...named };
  }

  /** An error at a place of this file. Nothing of the file's content goes into it but keys. */
  fail(code: ErrorCode, message: string, parts: FailureParts = {}): LotseError {
    return new LotseError({
      code,
      message,
      hint: parts.hint,
      where: this.where(parts.offset, parts.path),
      cause: parts.cause,
    });
  }
}

/** Writes a path as people do: `database.hosts[0].name`, with what is not a plain word in quotes. */
export function formatSopsPath(path: SopsPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\w-]+$/u.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** A path as one text that no other path has, for maps keyed by path. */
export function pathId(path: SopsPath, document = 0): string {
  return `${document}${JSON.stringify(path)}`;
}

/**
 * Decodes a file strictly.
 *
 * @throws LotseError `file.too-large` over the limit, `file.encoding` where it is not UTF-8
 */
export function decodeSource(bytes: Uint8Array, file: string, maxBytes: number): SourceText {
  if (bytes.length > maxBytes) {
    throw new LotseError({
      code: "file.too-large",
      message: `the file has ${bytes.length} bytes, and the limit is ${maxBytes}`,
      hint: "split it, or encrypt it as a binary file",
      where: { file },
    });
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return new SourceText(file, text);
  } catch (cause) {
    throw new LotseError({
      code: "file.encoding",
      message: "the file is not valid UTF-8",
      hint: "save it as UTF-8, or encrypt it as a binary file",
      where: { file },
      cause,
    });
  }
}
