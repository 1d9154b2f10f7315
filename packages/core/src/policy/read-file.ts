import type { z } from "zod";
import { defaultLimits, parseChecked, readText, type Checked } from "../config/index.ts";
import type { ErrorCode, Files } from "../kernel/index.ts";

/** Files of the policy are written by hand: small, and not deep. */
const limits = { ...defaultLimits, maxFileBytes: 4 * 1024 * 1024 };

/** A file that fits its schema, with the way to find the places in it. */
export type PolicyFile<T> = Checked<T>;

/**
 * Reads a YAML or JSON file of the policy against its schema.
 *
 * @param code - the error for a file that does not fit
 * @returns `undefined` where there is no such file
 * @throws LotseError `code` with the place of what does not fit; `parse.*`, `file.*`
 */
export function readPolicyFile<S extends z.ZodType>(
  files: Files,
  file: string,
  schema: S,
  code: ErrorCode,
): PolicyFile<z.infer<S>> | undefined {
  const text = readText(file, files, limits);
  if (text === undefined) return undefined;
  return parseChecked(text, {
    file,
    schema,
    limits,
    code,
    hint: "see docs/policy.md for what the file holds",
  });
}

/** The YAML and JSON files of a directory, by their paths, sorted. */
export function policyFilesIn(files: Files, directory: string): readonly string[] {
  return files
    .list(directory)
    .filter((name) => /\.(?:ya?ml|json)$/u.test(name) && !name.startsWith("."))
    .map((name) => `${directory}/${name}`);
}
