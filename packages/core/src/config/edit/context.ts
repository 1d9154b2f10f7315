import { LotseError } from "../../kernel/index.ts";
import type { Node } from "../model/node.ts";
import { formatPath, type Path } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";

/** The file that an edit is planned for. */
export interface EditContext {
  readonly source: TextSource;
  readonly text: string;
  readonly isJson: boolean;
  readonly path: Path;
  /** What the file holds; `undefined` for an empty one. */
  readonly root: Node | undefined;
}

/** The error for a path that the file has no place for. */
export function noPlace(context: EditContext, message: string, hint: string, offset = 0): LotseError {
  return editError("edit.no-place", context, { message, hint, offset });
}

/** The error for an edit that would change more than its path. */
export function unsafe(
  context: EditContext,
  message: string,
  offset: number,
  more: { readonly hint?: string; readonly cause?: unknown } = {},
): LotseError {
  const hint =
    more.hint ??
    "an anchor &name, an alias *name or a merge key << may share the value with another place; edit the file by hand";
  return editError("edit.unsafe", context, { message, hint, offset, cause: more.cause });
}

function editError(
  code: "edit.unsafe" | "edit.no-place",
  context: EditContext,
  parts: {
    readonly message: string;
    readonly hint: string;
    readonly offset: number;
    readonly cause?: unknown;
  },
): LotseError {
  const { message, hint, cause } = parts;
  const where = { ...context.source.where(parts.offset), path: formatPath(context.path, context.root) };
  return new LotseError({ code, message, hint, where, ...(cause === undefined ? {} : { cause }) });
}
