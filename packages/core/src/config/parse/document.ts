import { LotseError, type Where } from "../../kernel/index.ts";
import { isScalar, mapNode, whereOf, type MapNode, type Node } from "../model/node.ts";
import { TextSource, type Source } from "../model/source.ts";
import { findJsonProblem } from "./json.ts";
import type { KeyTable } from "./keys.ts";
import type { Limits } from "./limits.ts";
import { parseYaml } from "./yaml.ts";

/** A parent that a layer file names under `extends`. */
export interface ParentName {
  readonly name: string;
  readonly where: Where;
}

/** A parsed layer: its map, without the `extends` entry, and the parents named there. */
export interface Document {
  readonly source: Source;
  readonly root: MapNode;
  readonly parents: readonly ParentName[];
}

/** The key at the top of a layer file that names its parents. */
const extendsKey = "extends";

/**
 * Parses a YAML or JSON layer file. An empty file is an empty map.
 *
 * @param keys - what files that are parsed together share their keys in
 * @throws LotseError `parse.*` with a place
 */
export function parseDocument(file: string, text: string, limits: Limits, keys?: KeyTable): Document {
  const source = new TextSource(file, text);
  if (file.endsWith(".json")) checkJson(source);
  const root = parseYaml(source, limits, keys);
  if (root === undefined) return { source, root: mapNode(new Map(), source, 0), parents: [] };
  if (root.kind === "null") return { source, root: mapNode(new Map(), source, 0), parents: [] };
  if (root.kind !== "map") {
    throw new LotseError({
      code: "parse.not-a-map",
      message: `a layer is a map, this file holds a ${root.kind}`,
      hint: "start the file with `key: value` lines",
      where: whereOf(root),
    });
  }
  if (root.mark !== undefined) {
    throw new LotseError({
      code: "parse.tag-misuse",
      message: `!${root.mark} stands on the whole file, which always merges`,
      hint: "tag the values that are meant",
      where: whereOf(root),
    });
  }
  return splitParents(source, root);
}

/** Parses a value as a file would hold it, for `--set` and edits. An empty text is the empty string. */
export function parseValue(source: TextSource, limits: Limits): Node | undefined {
  return parseYaml(source, limits);
}

function splitParents(source: Source, root: MapNode): Document {
  const named = root.entries.get(extendsKey);
  if (named === undefined) return { source, root, parents: [] };
  const rest = new Map(root.entries);
  rest.delete(extendsKey);
  const names = named.kind === "list" ? named.items : [named];
  return {
    source,
    root: mapNode(rest, source, root.offset),
    parents: names.map(readParent),
  };
}

function readParent(node: Node): ParentName {
  if (!isScalar(node) || node.kind !== "string") {
    throw new LotseError({
      code: "parse.tag-misuse",
      message: "extends takes the name of an environment, the path of a file, or a list of them",
      hint: "write for example `extends: ../profiles/strict.yml`",
      where: whereOf(node, extendsKey),
    });
  }
  return { name: String(node.value), where: whereOf(node, extendsKey) };
}

/** YAML reads more than JSON; a `.json` file has to be JSON, so that other programs read it, too. */
function checkJson(source: TextSource): void {
  if (source.text.trim() === "") return;
  const problem = findJsonProblem(source.text);
  if (problem === undefined) return;
  throw new LotseError({
    code: "parse.syntax",
    message: `not valid JSON: ${problem.message}`,
    hint: "JSON has no comments, no trailing commas and only double quotes",
    where: source.where(problem.offset),
  });
}
