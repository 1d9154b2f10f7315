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
