import { join } from "node:path";
import { openAuditLog, type AuditLog, type AuditStore, type Witness } from "@lotse/core/audit";
import type { Clock } from "@lotse/core/kernel";

/** Where the key of the database's log is, and who remembers it. */
export interface DatabaseLogOptions {
  /** The absolute path of the workspace's `.lotse`. */
  readonly state: string;
  /** The name of the workspace, which becomes a part of the log's origin. */
  readonly name: string;
  readonly clock?: Clock;
  readonly witnesses?: readonly Witness[];
}

/**
 * The directory that is there where a workspace has used a database with a log: it holds the log's key, which
 * whoever owns the database does not have.
 *
 * @param state - the absolute path of the workspace's `.lotse`
 */
export function databaseLogDirectory(state: string): string {
  return join(state, "audit-database");
}

/** Opens the audit log that a database keeps, over a store in it. */
export function openDatabaseLog(store: AuditStore, options: DatabaseLogOptions): AuditLog {
  const { state, name, clock, witnesses } = options;
  return openAuditLog({
    directory: databaseLogDirectory(state),
    name: `${name}/database`,
    store,
    ...(clock === undefined ? {} : { clock }),
    ...(witnesses === undefined ? {} : { witnesses }),
  });
}
