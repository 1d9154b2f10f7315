import type { Value } from "./keys.ts";

/** A map of values and maps, as files hold it. */
export interface Tree {
  [key: string]: Value | Tree;
}

/** Puts a value at a path. */
export function put(tree: Tree, path: readonly string[], value: Value): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Tree;
  }
  at[path.at(-1) ?? ""] = value;
}

/** How a single value is written in a file; {@link writeYaml} uses no other form. */
function writeScalar(value: string | number | boolean): string {
  return typeof value === "string" && value.includes(":") ? JSON.stringify(value) : String(value);
}

/** Writes a map in YAML's block style, as people write it. */
export function writeYaml(tree: Tree, indent = ""): string {
  let text = "";
  for (const [key, value] of Object.entries(tree)) {
    if (Array.isArray(value)) {
      text += `${indent}${key}:\n`;
      for (const item of value as readonly string[]) text += `${indent}  - ${writeScalar(item)}\n`;
    } else if (typeof value === "object") {
      text += `${indent}${key}:\n${writeYaml(value as Tree, `${indent}  `)}`;
    } else {
      text += `${indent}${key}: ${writeScalar(value)}\n`;
    }
  }
  return text;
}
