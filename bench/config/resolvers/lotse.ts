import { ConfigEngine, type Snapshot } from "@lotse/core/config";
import { DirectoryFiles, systemClock } from "@lotse/core/kernel";
import type { Contender } from "./contender.ts";

/** Makes an engine on a tree. */
export function engineOn(directory: string): ConfigEngine {
  return new ConfigEngine({ files: new DirectoryFiles(directory), clock: systemClock, variables: {} });
}

/** Lotse: every resolved value knows its file, line, column, and what it won over. */
export function makeLotse(directory: string): Contender {
  const engine = engineOn(directory);
  return {
    resolve: ({ environment, tenant }) => engine.resolve({ environment, tenant }),
    get: (resolved, path) => (resolved as Snapshot).get(path.join(".")),
  };
}
