import { LotseError, type Files } from "../../kernel/index.ts";
import type { MapNode, Node } from "../model/node.ts";
import { whereOf } from "../model/node.ts";
import { formatPath, joinKey, nodeAt } from "../model/path.ts";
import { toPlain } from "../model/plain.ts";
import { TextSource } from "../model/source.ts";
import type { Limits } from "../parse/limits.ts";
import { readText } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { annotationProblem, ownKeywords } from "./keywords.ts";
import { lookup, Policy, type SchemaObject } from "./policy.ts";

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
  checkKeywords(node, "");
  const value = toPlain(node) as SchemaObject;
  checkReferences(node, value);
  return { file, value, node, policy: new Policy(value, [value]) };
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

function checkKeywords(node: Node, path: string): void {
  if (node.kind === "list") {
    for (const item of node.items) checkKeywords(item, path);
    return;
  }
  if (node.kind !== "map") return;
  const problem = annotationProblem(toPlain(node) as object);
  if (problem !== undefined) {
    const place = node.entries.get(problem.keyword) ?? node;
    throw keywordError(
      `${problem.keyword}: ${problem.problem}`,
      "see docs/configuration.md for the keywords of Lotse",
      place,
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
    if (dataKeywords.has(key)) continue;
    if (key === "patternProperties" && child.kind === "map") checkPatterns(child, joinKey(path, key));
    if (namedSubschemas.has(key) && child.kind === "map") {
      for (const [name, sub] of child.entries) checkKeywords(sub, joinKey(joinKey(path, key), name));
    } else checkKeywords(child, joinKey(path, key));
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
