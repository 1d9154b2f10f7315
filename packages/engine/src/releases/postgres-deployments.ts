import { LotseError } from "@lotse/core/kernel";
import {
  checkScope,
  deploymentSchema,
  emptyDeployment,
  type Deployment,
  type DeploymentStore,
  type TenantScope,
} from "@lotse/core/release";
import type { Database } from "../database/database.ts";

/**
 * What each tenant runs, in PostgreSQL: for workers that share no disk.
 *
 * @param database - its tables are up to date
 */
export function postgresDeployments(database: Database): DeploymentStore {
  return {
    async read(scope) {
      const { environment, tenant } = checkScope(scope);
      const { rows } = await database.query<{ record: unknown }>(
        "SELECT record FROM lotse.deployments WHERE environment = $1 AND tenant = $2",
        [environment, tenant],
      );
      const [row] = rows;
      return row === undefined ? emptyDeployment(scope) : parse(row.record, scope);
    },
    async write(deployment) {
      const { environment, tenant } = checkScope(deployment);
      await database.query(
        `INSERT INTO lotse.deployments (environment, tenant, record) VALUES ($1, $2, $3)
         ON CONFLICT (environment, tenant) DO UPDATE SET record = excluded.record`,
        [environment, tenant, JSON.stringify(deploymentSchema.parse(deployment))],
      );
    },
    async list() {
      const { rows } = await database.query<TenantScope>(
        `SELECT environment, tenant FROM lotse.deployments
         ORDER BY environment COLLATE "C", tenant COLLATE "C"`,
      );
      return rows;
    },
  };
}

function parse(record: unknown, { environment, tenant }: TenantScope): Deployment {
  const parsed = deploymentSchema.safeParse(record);
  if (parsed.success && parsed.data.environment === environment && parsed.data.tenant === tenant)
    return parsed.data;
  throw new LotseError({
    code: "rollout.state",
    message: `the deployment state of ${environment}:${tenant} in the database is damaged`,
    hint: "delete its row in lotse.deployments: what runs is taken from the target, only the history is lost",
    cause: parsed.error,
  });
}
