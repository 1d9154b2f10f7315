import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { layersOf, type Scope } from "../workload/workload.ts";
import { plainGet, type Contender } from "./contender.ts";
import { merge } from "./merge.ts";

type Tree = Record<string, unknown>;

/** js-yaml and defu by hand, every file read and parsed for every scope. */
export function makeYamlDefu(directory: string): Contender {
  const read = (path: string): Tree => load(readFileSync(join(directory, path), "utf8")) as Tree;
  return { resolve: (scope) => mergeLayers(scope, read), get: plainGet };
}

/** The same with each file parsed once. */
export function makeYamlDefuCached(directory: string): Contender {
  const parsed = new Map<string, Tree>();
  const read = (path: string): Tree => {
    const known = parsed.get(path) ?? (load(readFileSync(join(directory, path), "utf8")) as Tree);
    parsed.set(path, known);
    return known;
  };
  return { resolve: (scope) => mergeLayers(scope, read), get: plainGet };
}

function mergeLayers(scope: Scope, read: (path: string) => Tree): Tree {
  const [first, ...rest] = layersOf(scope)
    .map(({ path }) => read(path))
    .toReversed();
  return merge(first ?? {}, ...rest);
}
