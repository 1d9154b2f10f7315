import { LotseError, type Files } from "../../kernel/index.ts";
import type { MapNode, Node } from "../model/node.ts";
import { isScalar, whereOf } from "../model/node.ts";
import { formatPath, joinKey, nodeAt } from "../model/path.ts";
import { suggest } from "../model/spelling.ts";
import { toPlain } from "../model/plain.ts";
import { TextSource } from "../model/source.ts";
import type { Limits } from "../parse/limits.ts";
import { readText } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { annotationProblem, ownKeywords } from "./keywords.ts";
import { lookup, Policy, type SchemaObject } from "./policy.ts";
import { walkSchema, type PlacedSchema } from "./walk.ts";

/** A schema file: its content, its nodes for places, and what it says about merging and locking. */
export interface ConfigSchema {
  readonly file: string;
  readonly value: SchemaObject;
  readonly node: Node;
  readonly policy: Policy;
}

/**
 * Reads the schema of a workspace, in JSON or YAML.
 *
 * @throws LotseError `file.not-found`, `file.*`, `parse.*`, `schema.invalid` for keywords of Lotse that are wrong,
 * `schema.unsupported` for a `$ref` to another file
 */
export function loadSchema(file: string, files: Files, limits: Limits): ConfigSchema {
  const text = readText(file, files, limits);
  if (text === undefined) {
    throw new LotseError({
      code: "file.not-found",
      message: `the schema ${file} does not exist`,
      hint: "correct `schema` in lotse.yml",
      where: { file },
    });
  }
  const node = parseYaml(new TextSource(file, text), limits);
  if (node?.kind !== "map") {
    throw new LotseError({
      code: "schema.invalid",
      message: "a schema is a map",
      hint: "start it with `type: object`",
      where: node === undefined ? { file, line: 1, column: 1 } : whereOf(node),
    });
  }
  for (const placed of walkSchema(node)) checkKeywords(placed);
  const value = toPlain(node) as SchemaObject;
  checkReferences(node, value);
  return { file, value, node, policy: new Policy(value, [value]) };
}

function checkKeywords({ node, path }: PlacedSchema): void {
  const problem = annotationProblem(toPlain(node) as object);
  if (problem !== undefined) {
    throw keywordError(
      `${problem.keyword}: ${problem.problem}`,
      "see docs/configuration.md for the keywords of Lotse",
      node.entries.get(problem.keyword) ?? node,
      path,
    );
  }
  for (const [key, child] of node.entries) {
    if (key.startsWith("x-") && !ownKeywords.includes(key) && looksLikeOwn(key)) {
      throw keywordError(
        `the keyword ${key} is not known`,
        `known are ${ownKeywords.join(", ")}`,
        child,
        joinKey(path, key),
      );
    }
    if (key === "patternProperties" && child.kind === "map") checkPatterns(child, joinKey(path, key));
  }
  checkStrategy(node, path);
}

const scalarTypes: ReadonlySet<string> = new Set(["string", "integer", "number", "boolean", "null"]);
const needsCollection: ReadonlySet<string> = new Set(["deep", "append", "prepend", "union", "byKey"]);

/** A strategy that adds up would silently be a replacement where the schema allows scalars only. */
function checkStrategy(node: MapNode, path: string): void {
  const { type, "x-merge": strategy } = toPlain(node) as { type?: unknown; "x-merge"?: unknown };
  const types = Array.isArray(type) ? type : [type];
  if (!needsCollection.has(String(strategy)) || !types.every((each) => scalarTypes.has(String(each)))) return;
  throw keywordError(
    `x-merge: ${String(strategy)} does not fit a value of the type ${types.join(" or ")}`,
    "remove it, or use replace, first or error",
    node.entries.get("x-merge") ?? node,
    joinKey(path, "x-merge"),
  );
}

/**
 * Holds the layers that `x-overridable-by` names to those that there are: a lock with a misspelt one would shut
 * out the layer that was meant.
 *
 * @throws LotseError `schema.invalid` for a name that is no layer's
 */
export function checkLayerNames(schema: ConfigSchema, layers: readonly string[]): void {
  for (const { node, path } of walkSchema(schema.node)) {
    const named = node.entries.get("x-overridable-by");
    if (named?.kind !== "list") continue;
    for (const item of named.items) {
      const name = isScalar(item) ? String(item.value) : "";
      if (layers.includes(name)) continue;
      throw keywordError(
        `x-overridable-by: there is no layer ${name}`,
        suggest(name, layers),
        item,
        joinKey(path, "x-overridable-by"),
      );
    }
  }
}

function checkPatterns(map: MapNode, path: string): void {
  for (const [pattern, node] of map.entries) {
    try {
      RegExp(pattern, "u");
    } catch {
      throw keywordError(
        `${JSON.stringify(pattern)} is no regular expression`,
        "write it as in ECMA-262",
        node,
        path,
      );
    }
  }
}

/** A keyword of somebody else is none of our business; a misspelt one of ours would be a lock that is not there. */
function looksLikeOwn(key: string): boolean {
  return /^x-(?:merge|final|overrid|guard|env|secret)/u.test(key);
}

function checkReferences(node: Node, root: SchemaObject, path: readonly string[] = []): void {
  if (node.kind === "list") {
    for (const [index, item] of node.items.entries()) checkReferences(item, root, [...path, String(index)]);
    return;
  }
  if (node.kind !== "map") return;
  const reference = node.entries.get("$ref");
  if (reference?.kind === "string" && lookup(root, String(reference.value)) === undefined) {
    const text = String(reference.value);
    const local = text.startsWith("#");
    throw new LotseError({
      code: local ? "schema.invalid" : "schema.unsupported",
      message: local ? `$ref: ${text} points at nothing` : `$ref: ${text} leads out of the schema file`,
      hint: "point it at #/$defs/NAME in the same file",
      where: whereOf(reference, formatPath(path)),
    });
  }
  for (const [key, child] of node.entries) checkReferences(child, root, [...path, key]);
}

function keywordError(message: string, hint: string, node: Node, path: string): LotseError {
  return new LotseError({ code: "schema.invalid", message, hint, where: whereOf(node, path) });
}

/** The place of a path of JSON pointers in the schema, for errors that Ajv finds in it. */
export function placeInSchema(schema: ConfigSchema, pointer: string): ReturnType<typeof whereOf> {
  const path = pointer
    .replace(/^#?\//u, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(schema.node, path.slice(0, length));
    if (node !== undefined) return whereOf(node);
  }
  return whereOf(schema.node);
}
