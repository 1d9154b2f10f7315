import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Clock,
  isSystemError,
  LotseError,
  makeLotseDirectory,
  readPrivateFile,
  writePrivateFile,
} from "../kernel/index.ts";
import { deploymentSchema, emptyDeployment, reconcile, type Deployment } from "./deployment.ts";
import { checkScope, isSafeName, type TenantScope } from "./names.ts";
import type { Target, TargetState } from "./target.ts";

/** Where it is written down what every tenant runs. */
export interface DeploymentStore {
  /** What is written down, or an empty deployment. @throws LotseError `rollout.state` when it is damaged */
  read(scope: TenantScope): Promise<Deployment>;
  /** Writes in one step. */
  write(deployment: Deployment): Promise<void>;
  /** Every tenant that was ever deployed, sorted by environment and tenant. */
  list(): Promise<readonly TenantScope[]>;
}

/**
 * Opens the deployments of a workspace.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 */
export function openDeployments(directory: string): DeploymentStore {
  const root = join(directory, "state", "deployments");
  const pathOf = ({ environment, tenant }: TenantScope): string => join(root, environment, `${tenant}.json`);
  return {
    async read(scope) {
      const path = pathOf(checkScope(scope));
      const content = await readPrivateFile(path, 16 * 1024 * 1024);
      return content === null ? emptyDeployment(scope) : parse(path, content, scope);
    },
    async write(deployment) {
      await makeLotseDirectory(directory);
      await writePrivateFile(
        pathOf(checkScope(deployment)),
        `${JSON.stringify(deploymentSchema.parse(deployment), null, 2)}\n`,
      );
    },
    list: () => list(root),
  };
}

/**
 * What a tenant runs at present: what is written down, brought in line with what the target says, unless a rollout
 * is at work, which writes down itself what it comes to. Writes nothing.
 *
 * @throws LotseError `rollout.state`, or `target.supervisor` when the target does not answer
 */
export async function currentDeployment(
  store: DeploymentStore,
  target: Target,
  scope: TenantScope,
  clock: Clock,
): Promise<{ readonly deployment: Deployment; readonly state: TargetState }> {
  const written = await store.read(scope);
  const state = await target.inspect(scope);
  const isQuiet = written.pending === null;
  return { deployment: isQuiet ? reconcile(written, state, clock.now().toISOString()) : written, state };
}

function parse(path: string, content: Buffer, scope: TenantScope): Deployment {
  let cause: unknown;
  try {
    const deployment = deploymentSchema.parse(JSON.parse(content.toString("utf8")));
    if (deployment.environment === scope.environment && deployment.tenant === scope.tenant) return deployment;
  } catch (error) {
    cause = error;
  }
  throw new LotseError({
    code: "rollout.state",
    message: `the deployment state ${path} is damaged`,
    hint: "remove it: what runs is taken from the target, only the history is lost",
    where: { file: path },
    cause,
  });
}

async function list(root: string): Promise<readonly TenantScope[]> {
  const found: TenantScope[] = [];
  for (const environment of (await names(root)).filter((name) => isSafeName(name))) {
    for (const file of await names(join(root, environment))) {
      const tenant = file.replace(/\.json$/u, "");
      if (file.endsWith(".json") && isSafeName(tenant)) found.push({ environment, tenant });
    }
  }
  return found;
}

async function names(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}
