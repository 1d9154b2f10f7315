import { posix } from "node:path";
import { LotseError, staysInside } from "../../kernel/index.ts";
import { whereOf, type Node } from "../model/node.ts";
import { nodeAt } from "../model/path.ts";
import { suggest } from "../model/spelling.ts";
import type { Document, ParentName } from "../parse/document.ts";
import { fillPattern, type FileLayer } from "../workspace/layer.ts";
import type { DocumentStore } from "../workspace/store.ts";
import { textAt, type Workspace } from "../workspace/workspace.ts";
import type { LayerEntry } from "./entry.ts";

/** The scope whose layers are wanted, with names already resolved. */
export interface LayerScope {
  readonly environment: string;
  readonly tenant: string | undefined;
  readonly overrides: readonly string[];
  /** The attributes under `tenant:` in the tenant's own file, for patterns such as `tiers/{tenant.tier}.yml`. */
  readonly attribute: (name: string) => Attribute | undefined;
}

/** A tenant's attribute, and where its file says so. */
interface Attribute {
  readonly text: string;
  readonly node: Node;
}

/**
 * The documents of one file layer for a scope, parents before children, in the order in which they merge.
 *
 * @throws LotseError `file.not-found` where a required file is missing, `layer.extends-cycle`,
 * `layer.attribute` and `usage.argument` for a name that cannot stand in a path, `file.*`, `parse.*`
 */
export function documentsOf(
  layer: FileLayer,
  rank: number,
  scope: LayerScope,
  workspace: Workspace,
  store: DocumentStore,
): readonly LayerEntry[] {
  const entries: LayerEntry[] = [];
  const seen = new Set<Document>();
  const byOverride = layer.patterns.some((pattern) => pattern.includes("{override}"));
  const overrides = byOverride ? scope.overrides : [undefined];
  for (const [index, override] of overrides.entries()) {
    const layerRank = rank + index / 2 ** 20;
    for (const pattern of layer.patterns) {
      for (const path of pathsOf(pattern, override, scope, workspace, store)) {
        const document = load(path, layer, pattern, override, { workspace, store });
        if (document !== undefined) {
          for (const ancestor of new Lineage(workspace, store, seen).of(document)) {
            const inherited = ancestor !== document;
            entries.push({
              layer: layer.name,
              rank: inherited ? -1 - entries.length : layerRank,
              document: ancestor,
            });
          }
        }
      }
    }
  }
  return entries;
}

function pathsOf(
  pattern: string,
  override: string | undefined,
  scope: LayerScope,
  workspace: Workspace,
  store: DocumentStore,
): readonly string[] {
  const filled = fillPattern(pattern, (name) => {
    if (name === "env") return scope.environment;
    if (name === "tenant") return scope.tenant;
    if (name === "override") return override === undefined ? undefined : checkOverride(override);
    const attribute = scope.attribute(name.slice("tenant.".length));
    return attribute === undefined ? undefined : checkAttribute(name, attribute);
  });
  if (filled === undefined) return [];
  const path = posix.join(workspace.root, filled);
  return pattern.includes("*") ? expand(path, store) : [path];
}

function checkOverride(name: string): string {
  if (name !== "" && staysInside(name) && !name.includes("*")) return name;
  throw new LotseError({
    code: "usage.argument",
    message: `${JSON.stringify(name.slice(0, 80))} is no name of an override`,
    hint: "an override is named by its file without the ending",
  });
}

function checkAttribute(name: string, { text, node }: Attribute): string {
  if (staysInside(text) && !/[/*]/u.test(text)) return text;
  throw new LotseError({
    code: "layer.attribute",
    message: `${name} is ${JSON.stringify(text.slice(0, 80))}, which cannot be used in the path of a layer`,
    hint: "an attribute used in a layer path is a plain name, without / and *",
    where: whereOf(node, name),
  });
}

/** The files in a directory that fit a pattern with `*` in its last part, sorted by name. */
function expand(path: string, store: DocumentStore): readonly string[] {
  const directory = posix.dirname(path);
  const [before = "", after = ""] = posix.basename(path).split("*", 2);
  return [...store.names(directory)]
    .filter(
      (name) =>
        name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length,
    )
    .sort()
    .map((name) => posix.join(directory, name));
}

function load(
  path: string,
  layer: FileLayer,
  pattern: string,
  override: string | undefined,
  from: { readonly workspace: Workspace; readonly store: DocumentStore },
): Document | undefined {
  const found = from.store.find(path);
  const document = found === undefined ? undefined : from.store.document(found);
  if (document !== undefined || !layer.required) return document;
  const names = [...from.store.names(posix.dirname(path))].filter((name) => /\.(?:ya?ml|json)$/u.test(name));
  const stems = names.map((name) => name.replace(/\.[a-z]+$/u, ""));
  throw new LotseError({
    code: "file.not-found",
    message:
      override === undefined
        ? `the layer ${layer.name} needs the file ${path}`
        : `there is no override ${override}: ${path} does not exist`,
    hint:
      override === undefined
        ? `create it, or take \`required\` from the layer (${pattern}) in lotse.yml`
        : suggest(override, stems),
    where: { file: path },
  });
}

const maxGenerations = 64;

/** Collects documents with all they extend, each once, however many ways lead to it. */
class Lineage {
  readonly #workspace: Workspace;
  readonly #store: DocumentStore;
  readonly #seen: Set<Document>;
  readonly #found: Document[] = [];

  constructor(workspace: Workspace, store: DocumentStore, seen: Set<Document>) {
    this.#workspace = workspace;
    this.#store = store;
    this.#seen = seen;
  }

  /** A document with all it extends that were not seen before, the most distant parents first. */
  of(document: Document): readonly Document[] {
    this.#visit(document, [], undefined);
    return this.#found;
  }

  #visit(document: Document, below: readonly Document[], named: ParentName | undefined): void {
    const path = [...below, document];
    if (below.includes(document)) {
      const circle = path.slice(below.indexOf(document)).map((each) => each.source.file);
      throw new LotseError({
        code: "layer.extends-cycle",
        message: `files extend each other in a circle: ${circle.join(" → ")}`,
        hint: "remove one `extends`",
        where: named?.where,
      });
    }
    if (this.#seen.has(document)) return;
    if (below.length > maxGenerations) {
      throw new LotseError({
        code: "parse.too-deep",
        message: `files extend each other more than ${maxGenerations} deep`,
        hint: "shorten the chain of `extends`",
        where: named?.where,
      });
    }
    for (const parent of document.parents) {
      this.#visit(loadParent(parent, document, this.#workspace, this.#store), path, parent);
    }
    this.#seen.add(document);
    this.#found.push(document);
  }
}

function loadParent(
  parent: ParentName,
  child: Document,
  workspace: Workspace,
  store: DocumentStore,
): Document {
  const environment = workspace.environmentNames.get(parent.name);
  const path =
    environment === undefined
      ? posix.normalize(posix.join(posix.dirname(child.source.file), parent.name))
      : posix.join(workspace.root, environment, `${environment}.yml`);
  if (!staysInside(path)) {
    throw new LotseError({
      code: "file.outside",
      message: `extends: ${parent.name} leads out of the workspace`,
      hint: "extend a file inside the workspace",
      where: parent.where,
    });
  }
  const found = /\.(?:ya?ml|json)$/u.test(path) ? store.find(path) : undefined;
  const document = found === undefined ? undefined : store.document(found);
  if (document !== undefined) return document;
  throw new LotseError({
    code: "file.not-found",
    message: `extends: ${parent.name} names neither an environment nor a file`,
    hint: `write a path relative to ${child.source.file} that ends in .yml, .yaml or .json, or an environment`,
    where: parent.where,
  });
}

/** The attributes of a tenant: the single values under `tenant:` in its own files. */
export function attributesOf(documents: readonly Document[]): LayerScope["attribute"] {
  return (name) => {
    const path = ["tenant", name];
    for (const { root } of documents.toReversed()) {
      const [node, text] = [nodeAt(root, path), textAt(root, path)];
      if (node !== undefined && text !== undefined) return { text, node };
    }
    return undefined;
  };
}
