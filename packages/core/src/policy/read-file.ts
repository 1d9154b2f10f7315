import type { z } from "zod";
import {
  defaultLimits,
  formatPath,
  nodeAt,
  parseDocument,
  readText,
  toPlain,
  whereOf,
  type MapNode,
} from "../config/index.ts";
import { LotseError, type ErrorCode, type Files, type Where } from "../kernel/index.ts";

/** Files of the policy are written by hand: small, and not deep. */
const limits = { ...defaultLimits, maxFileBytes: 4 * 1024 * 1024 };

/** A file that fits its schema, with the way to find the places in it. */
export interface PolicyFile<T> {
  readonly file: string;
  readonly value: T;
  /** The place of a part of it, or of the nearest part above. */
  where(path: readonly (string | number)[]): Where;
}

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
  const { root } = parseDocument(file, text, limits);
  const where = (path: readonly (string | number)[]): Where => placeIn(root, path.map(String));
  const parsed = schema.safeParse(toPlain(root));
  if (parsed.success) return { file, value: parsed.data, where };
  const issue = deepest(parsed.error.issues);
  const path = issue.path.map(String);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  throw new LotseError({
    code,
    message:
      unknown === undefined
        ? `${path.length === 0 ? "the file" : formatPath(path, root)}: ${issue.message}`
        : `the key "${unknown}" is not known here`,
    hint: "see docs/policy.md for what the file holds",
    where: where(unknown === undefined ? path : [...path, unknown]),
  });
}

/** The YAML and JSON files of a directory, by their paths, sorted. */
export function policyFilesIn(files: Files, directory: string): readonly string[] {
  return files
    .list(directory)
    .filter((name) => /\.(?:ya?ml|json)$/u.test(name) && !name.startsWith("."))
    .map((name) => `${directory}/${name}`);
}

/** Of the issues of a union, the branch that fits best is the one whose issues lie deepest. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const first = issues[0] as z.core.$ZodIssue;
  if (first.code !== "invalid_union" || first.errors.length === 0) return first;
  const branches = first.errors.filter((branch) => branch.length > 0).map((branch) => deepest(branch));
  if (branches.length === 0) return first;
  const best = branches.reduce((left, right) => (right.path.length > left.path.length ? right : left));
  return { ...best, path: [...first.path, ...best.path] };
}

function placeIn(root: MapNode, path: readonly string[]): Where {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node !== undefined) return whereOf(node, formatPath(path, root));
  }
  return { ...whereOf(root), line: 1, column: 1 };
}
