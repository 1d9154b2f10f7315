import type { Node } from "../model/node.ts";
import { childOf, formatPath, type Path } from "../model/path.ts";
import { suggest } from "../model/spelling.ts";
import type { Reference } from "./template.ts";

/** What to do about a reference at a path that refers to nothing. */
export function unresolvedHint(reference: Reference, path: Path, root: Node): string {
  const { target } = reference;
  switch (target.kind) {
    case "env":
      return `set the variable ${target.name}, or give a default: \${env:${target.name}:-…}`;
    case "file":
      return "the path is relative to the file that holds the reference; check its spelling";
    case "path": {
      const base = target.up === undefined ? [] : path.slice(0, Math.max(0, path.length - 1 - target.up));
      return nearby([...base, ...target.path], root);
    }
    case "secret":
      return "check its spelling";
    default:
      return target satisfies never;
  }
}

/** Where on the way to a path there is nothing, and what may be meant. */
function nearby(path: Path, root: Node): string {
  let node = root;
  for (const [index, segment] of path.entries()) {
    const child = childOf(node, segment);
    if (child === undefined) {
      const parent = formatPath(path.slice(0, index), root);
      const keys = node.kind === "map" ? [...node.entries.keys()] : [];
      return `there is no "${segment}" ${parent === "" ? "at the top" : `in ${parent}`}: ${suggest(segment, keys)}`;
    }
    node = child;
  }
  return "check its spelling";
}
