import { LotseError } from "../../../kernel/index.ts";

/** The error for a lockfile, list of packages or advisory that cannot be read. */
export function sourceError(file: string, what: string, cause?: unknown, line?: number): LotseError {
  return new LotseError({
    code: "vulnerability.source",
    message: `${file}: ${what}`,
    hint: "a file that cannot be read is never counted as clean: repair it, or name the files to scan",
    where: { file, ...(line === undefined ? {} : { line }) },
    cause,
  });
}

/** Reads JSON. @throws LotseError `vulnerability.source` */
export function parseJsonText(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw sourceError(file, "is not JSON", error);
  }
}

/**
 * The text of a file's bytes.
 *
 * @throws LotseError `vulnerability.source` for what is not UTF-8, or holds a NUL as no text does
 */
export function decodeText(file: string, content: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    throw sourceError(file, "is not text in UTF-8", error);
  }
  if (text.includes("\0")) throw sourceError(file, "is not text in UTF-8");
  return text;
}

/**
 * Runs a reader that calls itself for what is nested.
 *
 * @throws LotseError `vulnerability.source` for what is nested deeper than the stack is
 */
export function readNested<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw sourceError(file, "is nested too deeply", error);
    throw error;
  }
}
