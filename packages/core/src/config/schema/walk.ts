import type { MapNode, Node } from "../model/node.ts";
import { joinKey } from "../model/path.ts";

/** A subschema, and its path in the schema's file. */
export interface PlacedSchema {
  readonly node: MapNode;
  readonly path: string;
}

/** Names under which a map holds subschemas by key, so its own keys are no keywords. */
const namedSubschemas: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
const dataKeywords: ReadonlySet<string> = new Set(["default", "examples", "const", "enum", "x-guard"]);

/** All subschemas of a schema as it is written, each before those inside it; data in it is none. */
export function* walkSchema(node: Node, path = ""): Generator<PlacedSchema> {
  if (node.kind === "list") {
    for (const item of node.items) yield* walkSchema(item, path);
    return;
  }
  if (node.kind !== "map") return;
  yield { node, path };
  for (const [key, child] of node.entries) {
    if (dataKeywords.has(key)) continue;
    const inside = joinKey(path, key);
    if (namedSubschemas.has(key) && child.kind === "map") {
      for (const [name, sub] of child.entries) yield* walkSchema(sub, joinKey(inside, name));
    } else yield* walkSchema(child, inside);
  }
}
