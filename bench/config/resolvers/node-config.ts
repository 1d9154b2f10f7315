import { join } from "node:path";
import { plainGet, type Contender } from "./contender.ts";

type Tree = Record<string, unknown>;

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
