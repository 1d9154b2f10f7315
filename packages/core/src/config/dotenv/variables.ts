import { diagnosticOf, isLotseError, type Diagnostic } from "../../kernel/index.ts";
import { isScalar, mapNode, type Node } from "../model/node.ts";
import { formatPath, nodeAt, type Path } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";
import type { Document } from "../parse/document.ts";
import { toJson } from "../print/json.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { coerceText } from "../schema/coercion.ts";
import type { Policy } from "../schema/policy.ts";
import type { DotenvEntry } from "./parse.ts";

/** A variable that the schema names with `x-env`. */
export interface DeclaredVariable {
  readonly name: string;
  readonly path: Path;
  readonly policy: Policy;
}

const maxDepth = 32;

/** All variables that a schema names, in its order. */
export function declaredVariables(policy: Policy, path: Path = []): readonly DeclaredVariable[] {
  const own = policy.variable === undefined ? [] : [{ name: policy.variable, path, policy }];
  if (path.length > maxDepth) return own;
  return policy.keys.reduce<readonly DeclaredVariable[]>((found, key) => {
    const child = policy.child(key);
    return child === undefined ? found : [...found, ...declaredVariables(child, [...path, key])];
  }, own);
}

/** The variables of an environment that have a value; secrets as their references, collections as JSON. */
export function exportVariables(snapshot: Snapshot): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  if (snapshot.policy === undefined) return variables;
  for (const { name, path } of declaredVariables(snapshot.policy)) {
    const node = nodeAt(snapshot.root, path);
    if (node !== undefined) variables.set(name, textOf(node));
  }
  return variables;
}

/** A value as the text of a variable; null is empty. */
export function textOf(node: Node): string {
  if (!isScalar(node)) return toJson(node, 0);
  return node.kind === "null" ? "" : (node.text ?? String(node.value));
}

/** A `.env` file as a layer. */
export interface ImportedVariables {
  readonly document: Document;
  readonly problems: readonly Diagnostic[];
}

/**
 * Makes a layer of a `.env` file: each name that the schema knows sets its path, any other name `A__B` the
 * path `a.b`. Values are texts, read as the type that the schema gives to the path.
 */
export function importVariables(
  source: TextSource,
  entries: readonly DotenvEntry[],
  policy: Policy | undefined,
): ImportedVariables {
  const declared = new Map((policy === undefined ? [] : declaredVariables(policy)).map((each) => [each.name, each]));
  const problems: Diagnostic[] = [];
  const root: Tree = new Map();
  for (const { name, value, offset } of entries) {
    const known = declared.get(name);
    const path = known?.path ?? name.toLowerCase().split("__");
    try {
      put(root, path, coerceText({ text: value, source, offset }, known?.policy, formatPath(path)));
    } catch (error) {
      if (!isLotseError(error)) throw error;
      problems.push(diagnosticOf(error));
    }
  }
  return { document: { source, root: build(root, source), parents: [] }, problems };
}

type Tree = Map<string, Tree | Node>;

function put(tree: Tree, path: Path, node: Node): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    tree.set(key, node);
    return;
  }
  const child = tree.get(key);
  const inner = child instanceof Map ? child : new Map<string, Tree | Node>();
  tree.set(key, inner);
  put(inner, rest, node);
}

function build(tree: Tree, source: TextSource): ReturnType<typeof mapNode> {
  const entries = new Map<string, Node>();
  for (const [key, child] of tree) entries.set(key, child instanceof Map ? build(child, source) : child);
  return mapNode(entries, source, 0);
}
