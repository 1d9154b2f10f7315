// Measures one contender in a process of its own: node measure-contender.ts NAME DIRECTORY TENANTS
import type { MakeContender } from "./resolvers/contender.ts";
import { expectedOf, scopesOf } from "./workload/workload.ts";
import { peakMegabytes, type Measured } from "./measured.ts";

/** Each process loads what its contender needs and nothing else; loading counts. */
const contenders: Readonly<Record<string, MakeContender>> = {
  lotse: async (directory) => (await import("./resolvers/lotse.ts")).makeLotse(directory),
  c12: async (directory) => (await import("./resolvers/c12.ts")).makeC12(directory),
  "node-config": async (directory) => (await import("./resolvers/node-config.ts")).makeNodeConfig(directory),
  "js-yaml + defu": async (directory) =>
    (await import("./resolvers/js-yaml-defu.ts")).makeYamlDefu(directory),
  "js-yaml + defu, files parsed once": async (directory) =>
    (await import("./resolvers/js-yaml-defu.ts")).makeYamlDefuCached(directory),
};

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly Leaf[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...path, key]));
}

async function main(): Promise<Measured> {
  const [name = "", directory = "", tenants = ""] = process.argv.slice(2);
  const make = contenders[name];
  if (make === undefined) throw new Error(`no contender ${name}`);
  const scopes = scopesOf(Number(tenants));
  const cpu = process.cpuUsage();
  const started = performance.now();
  const contender = await make(directory);
  const measured = scopes.slice(0, contender.sample ?? scopes.length);
  const resolved: unknown[] = [];
  for (const scope of measured) resolved.push(await contender.resolve(scope));
  const wallMs = performance.now() - started;
  const used = process.cpuUsage(cpu);
  const peak = peakMegabytes();
  const factor = scopes.length / measured.length;
  let checked = 0;
  for (let index = 0; index < measured.length; index += Math.max(1, Math.floor(measured.length / 20))) {
    const scope = measured[index];
    if (scope === undefined) continue;
    for (const { path, value } of leavesOf(expectedOf(scope))) {
      const found = contender.get(resolved[index], path);
      if (JSON.stringify(found) !== JSON.stringify(value)) {
        throw new Error(
          `${name}: ${path.join(".")} of ${scope.tenant} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`,
        );
      }
      checked += 1;
    }
  }
  return {
    name,
    wallMs: wallMs * factor,
    cpuMs: ((used.user + used.system) / 1000) * factor,
    peakMegabytes: peak,
    checked,
    ...(factor > 1 ? { extrapolatedFrom: measured.length } : {}),
  };
}

process.stdout.write(JSON.stringify(await main()));
