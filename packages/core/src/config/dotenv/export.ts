import { nodeAt } from "../model/path.ts";
import type { Node } from "../model/node.ts";
import { toJson } from "../print/json.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { environmentVariables } from "./names.ts";

/**
 * The variables of a snapshot: every `x-env` of its schema that has a value, in the schema's order. Secrets
 * stay references such as `${secret:db/main#password}`.
 */
export function exportVariables(snapshot: Snapshot): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const { name, path } of environmentVariables(snapshot.policy)) {
    const node = nodeAt(snapshot.root, path);
    if (node !== undefined) variables.set(name, textOf(node));
  }
  return variables;
}

/** A value as a variable holds it: lists and maps as JSON, numbers as they were written, null as nothing. */
export function textOf(node: Node): string {
  switch (node.kind) {
    case "map":
    case "list":
      return toJson(node, 0);
    case "null":
      return "";
    default:
      return node.text ?? String(node.value);
  }
}
