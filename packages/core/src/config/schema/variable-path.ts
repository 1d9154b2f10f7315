import { LotseError } from "../../kernel/index.ts";
import { isForbiddenKey, type Path } from "../model/path.ts";
import type { Policy } from "./policy.ts";

/** What a variable's name stands for. */
export interface VariablePath {
  readonly path: Path;
  /** What the schema says of the path. */
  readonly policy: Policy | undefined;
  /** Whether the schema has a place for the path; without a schema every path has one. */
  readonly known: boolean;
}

/** Parts of a name; no configuration is nested deeper. */
const maxParts = 256;

/**
 * The name of the variable for a path: `a.b-c` is `A__B_C`. Whatever is no ASCII letter or digit becomes `_`,
 * and a name that would begin with a digit gets a `_` before it.
 */
export function variableName(path: Path): string {
  const name = path.map(upperCase).join("__");
  return /^[0-9]/u.test(name) ? `_${name}` : name;
}

/**
 * The path that `A__B` stands for: each part is matched with the schema's keys, as it is written or else as
 * {@link variableName} would write them, and is in lower case where the schema names no such key.
 *
 * @throws LotseError `parse.path` for a part that can be no key, and for more than 256 parts
 */
export function pathOfVariable(name: string, root: Policy | undefined): VariablePath {
  const parts = name.split("__");
  if (parts.length > maxParts)
    throw noPath(`the name has ${parts.length} parts; at most ${maxParts} make a path`);
  const path: string[] = [];
  let at: Policy | undefined = root;
  let known = true;
  for (const [index, part] of parts.entries()) {
    const key = keyOf(part, at?.keys ?? [], index === 0) ?? part.toLowerCase();
    if (key === "" || isForbiddenKey(key)) throw noPath(`the name has a part that is no key: "${part}"`);
    path.push(key);
    const child: Policy | undefined = at?.child(key);
    if (at !== undefined && child === undefined) known = false;
    at = child;
  }
  return { path, policy: at, known };
}

function noPath(message: string): LotseError {
  return new LotseError({ code: "parse.path", message, hint: "write it as PREFIX__A__B for the path a.b" });
}

function keyOf(part: string, keys: readonly string[], first: boolean): string | undefined {
  const wanted = upperCase(part);
  return (
    keys.find((key) => key === part) ??
    keys.find((key) => upperCase(key) === wanted || (first && variableName([key]) === wanted))
  );
}

function upperCase(segment: string): string {
  return segment.toUpperCase().replaceAll(/[^A-Z0-9]/gu, "_");
}
