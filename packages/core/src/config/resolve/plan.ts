import { posix } from "node:path";
import { LotseError, staysInside } from "../../kernel/index.ts";
import { suggest } from "../model/spelling.ts";
import type { Document, ParentName } from "../parse/document.ts";
import { fillPattern, placeholdersOf, type FileLayer } from "../workspace/layer.ts";
import type { DocumentStore } from "../workspace/store.ts";
import { textAt, type Workspace } from "../workspace/workspace.ts";
import type { LayerEntry } from "./entry.ts";

/** The scope whose layers are wanted, with names already resolved. */
export interface LayerScope {
  readonly environment: string;
  readonly tenant: string | undefined;
  readonly overrides: readonly string[];
  /** The attributes under `tenant:` in the tenant's own file, for patterns such as `tiers/{tenant.tier}.yml`. */
  readonly attribute: (name: string) => string | undefined;
}

/**
 * The documents of one file layer for a scope, parents before children, in the order in which they merge.
 *
 * @throws LotseError `file.not-found` where a required file is missing, `layer.extends-cycle`, `file.*`,
 * `parse.*`
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
  const byOverride = layer.patterns.some((pattern) => placeholdersOf(pattern).includes("override"));
  const overrides = byOverride ? scope.overrides : [undefined];
  for (const [index, override] of overrides.entries()) {
    const layerRank = rank + index / 1024;
    for (const pattern of layer.patterns) {
      for (const path of pathsOf(pattern, override, scope, workspace, store)) {
        const document = load(path, layer, pattern, override, { workspace, store });
        if (document !== undefined) {
          for (const ancestor of lineage(document, workspace, store, [])) {
            if (seen.has(ancestor)) continue;
            seen.add(ancestor);
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
    if (name === "override") return override;
    return scope.attribute(name.slice("tenant.".length));
  });
  if (filled === undefined) return [];
  if (!staysInside(filled)) {
    throw new LotseError({
      code: "layer.attribute",
      message: `the layer path ${filled} leads out of the workspace`,
      hint: "an attribute used in a layer path is a plain name",
      where: { file: filled },
    });
  }
  const path = posix.join(workspace.root, filled);
  return filled.includes("*") ? expand(path, store) : [path];
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

/** A document with all it extends, the most distant parents first. */
function lineage(
  document: Document,
  workspace: Workspace,
  store: DocumentStore,
  below: readonly Document[],
): readonly Document[] {
  if (below.includes(document)) {
    const circle = [...below.slice(below.indexOf(document)), document].map((each) => each.source.file);
    throw new LotseError({
      code: "layer.extends-cycle",
      message: `files extend each other in a circle: ${circle.join(" → ")}`,
      hint: "remove one `extends`",
      where: below.at(-1)?.parents[0]?.where,
    });
  }
  const path = [...below, document];
  return [
    ...document.parents.flatMap((parent) =>
      lineage(loadParent(parent, document, workspace, store), workspace, store, path),
    ),
    document,
  ];
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
export function attributesOf(documents: readonly Document[]): (name: string) => string | undefined {
  return (name) => {
    for (const document of documents.toReversed()) {
      const text = textAt(document.root, ["tenant", name]);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}
