import { join } from "node:path";
import { loadConfig } from "c12";
import { layersOf, type Scope } from "../workload/workload.ts";
import { plainGet, type Contender } from "./contender.ts";
import { merge } from "./merge.ts";

/** c12: the tenant's file extends the layers below it (https://github.com/unjs/c12#extending-configuration). */
export function makeC12(directory: string): Contender {
  return {
    resolve: async (scope: Scope) => {
      const [tenant, ...below] = layersOf(scope)
        .map(({ path }) => path)
        .toReversed();
      const loaded = await loadConfig({
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
