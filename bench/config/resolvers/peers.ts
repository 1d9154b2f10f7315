import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "c12";
import { createDefu } from "defu";
import { load } from "js-yaml";
import { layersOf, type Scope } from "../workload/workload.ts";
import { plainGet, type Contender } from "./contender.ts";

type Tree = Record<string, unknown>;

/** defu joins lists; this one replaces them, as Lotse and node-config do. */
const merge = createDefu((target, key, value) => {
  if (!Array.isArray(target[key])) return false;
  void value;
  return true;
});

/** c12: the tenant's file extends the layers below it (https://github.com/unjs/c12#extending-configuration). */
export function makeC12(directory: string): Contender {
  return {
    resolve: async (scope: Scope) => {
      const [tenant, ...below] = layersOf(scope)
        .map(({ path }) => path)
        .toReversed();
      const loaded = await loadConfig<Tree>({
        cwd: directory,
        configFile: tenant ?? "",
        overrides: { extends: below.map((path) => join(directory, path)) },
        merger: merge as never,
        rcFile: false,
        packageJson: false,
      });
      return loaded.config;
    },
    get: plainGet,
  };
}

/** node-config: several names in NODE_ENV pick one file each (https://github.com/node-config/node-config/wiki). */
export async function makeNodeConfig(directory: string): Promise<Contender> {
  const { Util } = (await import("config/lib/util.js")) as unknown as {
    Util: { loadFileConfigs: (options: object) => { config: Tree } };
  };
  const directories = ["", "environments", "tiers", "regions", "tenants"].map((name) =>
    join(directory, name),
  );
  return {
    sample: 60,
    resolve: ({ environment, tier, region, tenant }) =>
      Util.loadFileConfigs({
        configDir: directories.join(":"),
        nodeEnv: [environment, tier, region, tenant],
        hostName: "none",
        skipConfigSources: true,
      }).config,
    get: plainGet,
  };
}

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
