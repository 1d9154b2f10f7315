import { migrateSystemDatabase } from "@dbos-inc/dbos-sdk/internal/system_database";
import { GlobalLogger } from "@dbos-inc/dbos-sdk/internal/telemetry/logs";
import type { Sensitive } from "@lotse/core/kernel";
import { silentLogger } from "./silent-logger.ts";

/** Brings the tables of DBOS up to date. Loaded on use: DBOS takes longer to load than most commands to run. */
export async function migrateDbos(url: Sensitive<string>, schema: string): Promise<void> {
  await migrateSystemDatabase(url.reveal(), new GlobalLogger(undefined, { logger: silentLogger }), schema);
}
