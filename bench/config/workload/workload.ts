import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keys, listOf, listPaths, valueFor, type Value } from "./keys.ts";
import { Random } from "./random.ts";
import { put, writeYaml, type Tree } from "./yaml.ts";

/** One tenant in one environment, with the tier and region that its file names. */
export interface Scope {
  readonly environment: string;
  readonly tenant: string;
  readonly tier: string;
  readonly region: string;
}

/** One layer file: the kind of layer, the name in it, and its path in the tree. */
export interface LayerFile {
  readonly layer: string;
  readonly name: string;
  readonly path: string;
}

/** The names that the generated tree uses, and how large a layer is. */
export const environments: readonly string[] = ["dev", "staging", "prod"];
const tiers = ["free", "team", "business", "enterprise"];
const regions = ["eu-central", "eu-west", "us-east", "us-west", "ap-south", "ap-north"];
const keysPerLayer = 300;

const workspaceText = `version: 1
name: bench
root: .
environments: { dev: {}, staging: {}, prod: {} }
layers:
  - { name: base, path: default.yml }
  - { name: environment, path: "environments/{env}.yml" }
  - { name: tier, path: "tiers/{tenant.tier}.yml" }
  - { name: region, path: "regions/{tenant.region}.yml" }
  - { name: tenant, path: "tenants/{tenant}.yml" }
`;

/** The tenants of a workload, by number. */
function tenantNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `tenant-${String(index).padStart(5, "0")}`);
}

/** All scopes: each tenant in each environment. */
export function scopesOf(tenants: number): readonly Scope[] {
  return tenantNames(tenants).flatMap((tenant) =>
    environments.map((environment) => ({ environment, tenant, ...placeOf(tenant) })),
  );
}

function placeOf(tenant: string): { readonly tier: string; readonly region: string } {
  const random = new Random(`place ${tenant}`);
  return { tier: random.pick(tiers), region: random.pick(regions) };
}

/** The five layer files of a scope, lowest first. */
export function layersOf(scope: Scope): readonly LayerFile[] {
  return [
    { layer: "base", name: "default", path: "default.yml" },
    ...(["environment", "tier", "region", "tenant"] as const).map((layer) => ({
      layer,
      name: scope[layer],
      path: `${layer}s/${scope[layer]}.yml`,
    })),
  ];
}

/** What one layer file holds: {@link keysPerLayer} values, drawn by its name. */
function contentOf(file: LayerFile): readonly (readonly [readonly string[], Value])[] {
  const random = new Random(`${file.layer} ${file.name}`);
  const own = file.layer === "tenant" ? Object.entries({ id: file.name, ...placeOf(file.name) }) : [];
  const lists = listPaths(file.layer).map((path): [readonly string[], Value] => [path, listOf(random)]);
  const singles = random
    .some(keys, keysPerLayer - own.length - lists.length)
    .map((key): [readonly string[], Value] => [key.path, valueFor(key, random)]);
  return [
    ...own.map(([key, value]): [readonly string[], Value] => [["tenant", key], value]),
    ...singles,
    ...lists,
  ];
}

/** What a scope resolves to, worked out from the values alone. */
export function expectedOf(scope: Scope): Tree {
  const tree: Tree = {};
  for (const file of layersOf(scope)) for (const [path, value] of contentOf(file)) put(tree, path, value);
  return tree;
}

/** The text of a layer file. */
function textOf(file: LayerFile): string {
  const tree: Tree = {};
  for (const [path, value] of contentOf(file)) put(tree, path, value);
  return `# The ${file.layer} layer ${file.name}\n\n${writeYaml(tree)}`;
}

/** Writes the tree of a workload. @returns how many layer files there are and their size in bytes */
export function writeWorkload(
  directory: string,
  tenants: number,
): { readonly files: number; readonly bytes: number } {
  const written = new Set<string>();
  let bytes = 0;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "lotse.yml"), workspaceText);
  for (const file of scopesOf(tenants).flatMap(layersOf)) {
    if (written.has(file.path)) continue;
    written.add(file.path);
    const text = textOf(file);
    bytes += Buffer.byteLength(text);
    const path = join(directory, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return { files: written.size, bytes };
}
