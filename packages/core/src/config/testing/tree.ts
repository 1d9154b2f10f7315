/** A workspace of the default layers for tests, and short ways to ask it. */
import type { ResolveRequest } from "../resolve/request.ts";
import { engineOf, type Tree } from "./workspace.ts";

/** One file for each of the default layers, each setting `v` to its own name. Paths start at `environments/`. */
export const full: Tree = {
  "base.yml": "v: base\n",
  "dev/dev.yml": "v: dev\n",
  "dev/overrides/one.yml": "v: one\n",
  "dev/overrides/two.yml": "v: two\n",
  "tiers/gold.yml": "v: gold\n",
  "regions/eu.yml": "v: eu\n",
  "tenants/acme.yml": "tenant: {id: acme, tier: gold, region: eu}\nv: acme\n",
  "dev/tenants/acme.yml": "v: acme in dev\n",
  "prod/prod.yml": "v: prod\n",
};

/** Puts files below `environments/`, all but `lotse.yml`. */
export function tree(files: Tree): Tree {
  const place = (path: string): string => (path === "lotse.yml" ? path : `environments/${path}`);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [place(path), text]));
}

/** The layers of a scope with their files, lowest first. */
export function layersOf(files: Tree, request: ResolveRequest): readonly (readonly [string, string])[] {
  const { entries } = engineOf(tree(files)).layers(request);
  return entries.map(({ layer, document }) => [layer, document.source.file.replace("environments/", "")]);
}
