import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option, type Command } from "commander";
import type { AuditLog } from "@lotse/core/audit";
import type { Context } from "../../context.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";

/** The logs there are: what calls of Lotse did here, and what was changed in the database. */
export type WhichLog = "workspace" | "database";

/** Options of commands that look at a log. */
export interface LogOptions extends CommonOptions {
  readonly log?: WhichLog | "all";
}

/** A log that is open; whoever opened it closes it. */
export interface OpenedLog {
  readonly which: WhichLog;
  readonly log: AuditLog;
  /** How many entries were written with a change and wait for their place. */
  readonly waiting: number;
  /** How many of them will get none: they were refused, or somebody has marked them so. */
  readonly refused: number;
  readonly close: () => Promise<void>;
}

/** Adds `--log`. */
export function withLog(command: Command, choices: readonly string[], fallback: string): Command {
  const option = new Option("--log <log>", "the workspace's log, or that of the database that rollouts use");
  return command.addOption(option.choices([...choices]).default(fallback));
}

/** Opens the logs that are asked for; of all, those that there are. */
export async function openLogs(context: Context, options: LogOptions): Promise<readonly OpenedLog[]> {
  const session = sessionOf(context, options);
  const opened: OpenedLog[] = [];
  const { log = "workspace" } = options;
  if (log !== "database") {
    const close = (): Promise<void> => Promise.resolve();
    opened.push({ which: "workspace", log: await session.log.open(), waiting: 0, refused: 0, close });
  }
  const wanted = log === "database" || (log === "all" && hasDatabaseLog(session));
  if (wanted) opened.push(await openDatabases(context, options));
  return opened;
}

/** Whether the database of a workspace keeps a log that this workspace knows of. */
function hasDatabaseLog({ state, variables }: ReturnType<typeof sessionOf>): boolean {
  return existsSync(join(state, "audit-database")) || (variables["DATABASE_URL"] ?? "") !== "";
}

async function openDatabases(context: Context, options: CommonOptions): Promise<OpenedLog> {
  // Only where it is needed: it loads what carries out rollouts.
  const { databaseLogOf, openDesk } = await import("../rollout/desk.ts");
  const desk = await openDesk(context, { ...options, worker: false });
  const log = await databaseLogOf(desk);
  const { rows } = await desk.engine.database.query<{ waiting: number; refused: number }>(
    "SELECT count(*)::int AS waiting, count(refused)::int AS refused FROM lotse.audit_outbox",
  );
  const { waiting = 0, refused = 0 } = rows[0] ?? {};
  return { which: "database", log, waiting, refused, close: () => desk.engine.close() };
}
