import type { z } from "zod";
import { LotseError, type ErrorCode, type Where } from "../../kernel/index.ts";
import { whereOf, type MapNode } from "../model/node.ts";
import { formatPath, nodeAt } from "../model/path.ts";
import { toPlain } from "../model/plain.ts";
import { parseDocument } from "./document.ts";
import type { Limits } from "./limits.ts";

/** How a document that people write is read. */
export interface CheckedOptions<S extends z.ZodType> {
  /** Its path, for messages. */
  readonly file: string;
  readonly schema: S;
  readonly limits: Limits;
  /** The error of one that does not fit. */
  readonly code: ErrorCode;
  /** What helps then, such as the page that describes it. */
  readonly hint: string;
}

/** A document that fits its schema, with the way to find the places in it. */
export interface Checked<T> {
  readonly file: string;
  readonly value: T;
  /** The place of a part of it, or of the nearest part above. */
  where(path: readonly (string | number)[]): Where;
}

/**
 * Reads a YAML or JSON document against a schema.
 *
 * @throws LotseError `code` with the place of what does not fit; `parse.*`
 */
export function parseChecked<S extends z.ZodType>(
  text: string,
  { file, schema, limits, code, hint }: CheckedOptions<S>,
): Checked<z.infer<S>> {
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
    hint,
    where: where(unknown === undefined ? path : [...path, unknown]),
  });
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
