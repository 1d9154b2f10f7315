import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DirectoryFiles } from "../../kernel/index.ts";
import { isScalar, type ScalarNode } from "../model/node.ts";
import { formatPath, nodeAt, type Path } from "../model/path.ts";
import type { ConfigEngine } from "../resolve/engine.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { engineOn } from "../testing/workspace.ts";
import { scanKey, scanLines, type Scan, type ScannedLeaf } from "../testing/line-scanner.ts";
import { explain, leavesOf, type Explanation } from "./explain.ts";

// `explain` against a second opinion: files are ordered and read here by means that share nothing with the
// engine. For a thousand random values of the example, the place that `explain` names has to hold that key
// and value, and has to be in the highest layer that sets the path.

const example = join(dirname(fileURLToPath(import.meta.url)), "../../../../../examples/spotify-ai-agent");

/** The lists that the example's schema combines; all others are replaced. */
const combined: Readonly<Record<string, string>> = {
  "application.api.fastapi.middleware": "append",
  "ml_services.model_management.registries": "prepend",
  "tenant.frameworks": "union",
  "security.network.egress.allow": "union",
  "logging.masking.fields": "union",
  "storage.buckets": "byKey",
  "security.certificates": "byKey",
  "security.access.roles": "byKey",
  "monitoring.alerts.channels": "byKey",
  "compliance.processors": "byKey",
};

interface Scope {
  readonly environment: string;
  readonly tenant: string | undefined;
  readonly overrides: readonly string[];
}

interface LayerFile {
  readonly layer: string;
  readonly file: string;
}

class Tree {
  readonly #scans = new Map<string, Scan>();

  scan(file: string): Scan {
    const scan = this.#scans.get(file) ?? scanLines(readFileSync(join(example, file), "utf8"));
    this.#scans.set(file, scan);
    return scan;
  }

  get all(): readonly Scan[] {
    return [...this.#scans.values()];
  }

  /** The files of a scope with their layers, lowest first, as the README of the example describes them. */
  files(scope: Scope): readonly LayerFile[] {
    const { environment, tenant, overrides } = scope;
    const root = "environments";
    const own =
      tenant === undefined
        ? []
        : [`${root}/tenants/${tenant}.yml`, `${root}/${environment}/tenants/${tenant}.yml`];
    const attribute = (name: string): string | undefined =>
      own
        .filter((file) => existsSync(join(example, file)))
        .map((file) => this.scan(file).leaves.get(scanKey(["tenant", name]))?.text)
        .findLast((text) => text !== undefined);
    const wanted: readonly LayerFile[] = [
      { layer: "base", file: `${root}/base.yml` },
      { layer: "environment", file: `${root}/${environment}/${environment}.yml` },
      ...overrides.map((name) => ({
        layer: "override",
        file: `${root}/${environment}/overrides/${name}.yml`,
      })),
      { layer: "tier", file: `${root}/tiers/${attribute("tier")}.yml` },
      { layer: "region", file: `${root}/regions/${attribute("region")}.yml` },
      ...own.map((file, index) => ({ layer: ["tenant", "environment-tenant"][index] ?? "", file })),
    ];
    return wanted
      .filter(({ file }) => existsSync(join(example, file)))
      .flatMap(({ layer, file }) => this.#withParents(file).map((each) => ({ layer, file: each })));
  }

  #withParents(file: string): readonly string[] {
    const parent = /^extends: (\S+)$/mu.exec(readFileSync(join(example, file), "utf8"))?.[1];
    if (parent === undefined) return [file];
    const path = parent.endsWith(".yml")
      ? posix.join(posix.dirname(file), parent)
      : `environments/${parent}/${parent}.yml`;
    return [...this.#withParents(path), file];
  }
}

/** Where a value of a result comes from: its file, and its path in that file. */
interface Origin {
  readonly file: string;
  readonly path: Path;
}

/** Whether a file sets a path, or sets something above it to a single value. */
function sets(scan: Scan, path: Path): boolean {
  if (path.some((_, index) => scan.leaves.has(scanKey(path.slice(0, index + 1))))) return true;
  return scan.lists.has(scanKey(path)) || scan.maps.has(scanKey(path));
}

class SecondOpinion {
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** The highest file that sets a path; for what stands in a list, the one that brings the item. */
  originOf(files: readonly string[], path: Path, snapshot: Snapshot): Origin | undefined {
    const listAt = path.findIndex((_, index) => nodeAt(snapshot.root, path.slice(0, index))?.kind === "list");
    if (listAt < 0) return this.#highest(files, path);
    const list = path.slice(0, listAt);
    const inList = path.slice(listAt);
    const reference = files.findLast((file) => sets(this.#tree.scan(file), list));
    if (reference !== undefined && !this.#tree.scan(reference).lists.has(scanKey(list)))
      return this.#highest(files, path);
    const items = this.#items(files, list);
    const contributors = items[Number(inList[0])] ?? [];
    return contributors
      .map(({ file, index }) => ({ file, path: [...list, String(index), ...inList.slice(1)] }))
      .findLast((origin) => inList.length === 1 || this.#setsInItem(origin, listAt + 1));
  }

  #highest(files: readonly string[], path: Path): Origin | undefined {
    if (path.join(".") === "environment.maintenance_window") {
      const lowest = files.find((file) => sets(this.#tree.scan(file), path));
      return lowest === undefined ? undefined : { file: lowest, path };
    }
    const file = files.findLast((each) => sets(this.#tree.scan(each), path));
    return file === undefined ? undefined : { file, path };
  }

  /** Whether a file's item sets the path below it, where a list inside an item is replaced as a whole. */
  #setsInItem({ file, path }: Origin, from: number): boolean {
    const scan = this.#tree.scan(file);
    return (
      sets(scan, path) ||
      path.some((_, index) => index > from && scan.lists.has(scanKey(path.slice(0, index))))
    );
  }

  /** The items of a list, each with the file and index of all that contribute to it. */
  #items(
    files: readonly string[],
    list: Path,
  ): readonly (readonly { readonly file: string; readonly index: number }[])[] {
    let items: { readonly id: string; readonly from: { readonly file: string; readonly index: number }[] }[] =
      [];
    for (const file of files) {
      const scan = this.#tree.scan(file);
      const tag = scan.tags.get(scanKey(list))?.slice(1);
      const strategy = tag ?? combined[list.join(".")] ?? "replace";
      if (tag === "delete") items = [];
      const count = scan.lists.get(scanKey(list));
      if (count === undefined) continue;
      const own = Array.from({ length: count }, (_, index) => {
        const name =
          scan.leaves.get(scanKey([...list, String(index), "name"])) ??
          scan.leaves.get(scanKey([...list, String(index)]));
        const deleted = scan.tags.get(scanKey([...list, String(index)])) === "!delete";
        return { id: name?.text ?? "", deleted, from: [{ file, index }] };
      });
      if (strategy === "append") items = [...items, ...own];
      else if (strategy === "prepend") items = [...own, ...items];
      else if (strategy === "replace") items = own;
      else {
        for (const item of own) {
          const known = items.find(({ id }) => id === item.id);
          if (item.deleted) items = items.filter(({ id }) => id !== item.id);
          else if (known === undefined) items.push(item);
          else if (strategy === "byKey") known.from.push(...item.from);
        }
      }
    }
    return items.map(({ from }) => from);
  }
}

/** mulberry32, so that the thousand values are the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

function randomScope(engine: ConfigEngine, random: (below: number) => number): Scope {
  const environment = engine.workspace.environments[random(engine.workspace.environments.length)] as string;
  const tenants = [undefined, ...engine.tenants.of(environment)];
  const overrides = readdirSync(join(example, "environments", environment, "overrides")).map((name) =>
    name.replace(".yml", ""),
  );
  const picked = overrides.filter(() => random(2) === 0);
  return {
    environment,
    tenant: tenants[random(tenants.length)],
    overrides: random(2) === 0 ? picked : picked.toReversed(),
  };
}

function shown(node: ScalarNode): string {
  return node.text ?? String(node.value);
}

/** What is wrong with an explanation in the eyes of the scanner; `undefined` where it could not judge. */
function judge(
  tree: Tree,
  explanation: Explanation,
  order: readonly LayerFile[],
  path: Path,
  snapshot: Snapshot,
): readonly string[] | undefined {
  const scan = tree.scan(explanation.file);
  const leaf = [...scan.leaves.values()].find(
    ({ line, column }) => line === explanation.line && column === explanation.column,
  );
  const empty = !isScalar(explanation.node);
  if (leaf === undefined)
    return empty || scan.unknown.includes(explanation.line) ? undefined : ["no value starts at the place"];
  const wrong: string[] = [];
  const files = order.map(({ file }) => file);
  const layers = order.filter(({ file }) => file === explanation.file).map(({ layer }) => layer);
  if (!layers.includes(explanation.layer)) wrong.push(`the layer is ${layers.join(" or ")}`);
  const origin = new SecondOpinion(tree).originOf(files, path, snapshot);
  if (origin === undefined) return undefined;
  if (origin.file !== explanation.file) wrong.push(`the winner is ${origin.file}`);
  const written = leaf.path.length;
  if (leaf.path.join("\0") !== origin.path.slice(0, written).join("\0"))
    wrong.push(`the place holds ${leaf.path.join(".")}`);
  if (explanation.reference !== undefined) {
    if (explanation.reference !== leaf.text) wrong.push(`the reference is ${leaf.text}`);
    if (written < path.length) wrong.push(...judgeBehind(tree, explanation));
  } else if (isScalar(explanation.node)) {
    if (written !== path.length) wrong.push("the place is above the path");
    if (shown(explanation.node) !== leaf.text) wrong.push(`the value is ${leaf.text}`);
  }
  return wrong;
}

/** Below a reference to a map or list, the value is where `through` says. */
function judgeBehind(tree: Tree, { through, node }: Explanation): readonly string[] {
  const place = through[0];
  if (place?.file === undefined || !isScalar(node)) return ["nothing is behind the reference"];
  const leaf = [...tree.scan(place.file).leaves.values()].find(
    ({ line, column }) => line === place.line && column === place.column,
  );
  return leaf?.text === shown(node) ? [] : [`behind the reference is ${leaf?.text}`];
}

test("a thousand values of the example come from where explain says", () => {
  const tree = new Tree();
  const engine = engineOn(new DirectoryFiles(example));
  const random = randomFrom(2026);
  const wrong: string[] = [];
  const seen = new Set<string>();
  let unjudged = 0;
  for (let round = 0; seen.size < 1000 && round < 2000; round++) {
    const scope = randomScope(engine, random);
    const snapshot = engine.resolve(scope);
    const leaves = leavesOf(snapshot.root, []);
    const files = tree.files(scope);
    for (let draw = 0; draw < 5 && seen.size < 1000; draw++) {
      const path = leaves[random(leaves.length)] as Path;
      const text = formatPath(path, snapshot.root);
      const name = `${scope.environment}:${scope.tenant ?? ""} [${scope.overrides.join()}] ${text}`;
      if (seen.has(name)) continue;
      seen.add(name);
      const explanation = explain(snapshot, text);
      const found = judge(tree, explanation, files, path, snapshot);
      if (found === undefined) unjudged += 1;
      const place = `${explanation.file}:${explanation.line}:${explanation.column}`;
      if (found !== undefined && found.length > 0) wrong.push(`${name} at ${place}: ${found.join("; ")}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(seen.size).toBe(1000);
  expect(unjudged).toBeLessThan(50);
  expect(tree.all.flatMap(({ unknown }) => unknown)).toEqual([]);
});

test("the scanner reads what the example's files write", () => {
  const scan = scanLines(
    "a: 1\nb:\n  - name: x # c\n    \"v\": [1, \"a, b\", {c: d: e}]\n  - !delete { name: y }\nc: { d: {e: 'f''g'}, h: , i: http://x:1 }\nk: !append\n  - l\nm:\nn: |\n",
  );
  const leaves = [...scan.leaves.values()].map(
    ({ path, line, column, text }: ScannedLeaf) => `${path.join(".")} ${line}:${column} ${text}`,
  );
  expect(leaves).toEqual([
    "a 1:4 1",
    "b.0.name 3:11 x",
    "b.0.v.0 4:11 1",
    "b.0.v.1 4:14 a, b",
    "b.0.v.2.c 4:26 d",
    "b.1.name 5:21 y",
    "c.d.e 6:13 f'g",
    "c.h 6:22 null",
    "c.i 6:30 http://x:1",
    "k.0 8:5 l",
    "m 9:1 null",
  ]);
  expect([...scan.tags].map(([path, tag]) => [path.replaceAll("\0", "."), tag])).toEqual([
    ["b.1", "!delete"],
    ["k", "!append"],
  ]);
  expect(scan.unknown).toContain(10);
});
