import type { AuditLog } from "@lotse/core/audit";
import { isLotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatError } from "../../output/diagnostics.ts";
import { sessionOf } from "../../options.ts";
import { openLogs, type LogOptions, type OpenedLog } from "./logs.ts";

/**
 * Opens logs for reading, and records in the workspace's that they are read. A log that takes no entry any more
 * can be read all the same, since that is when people need it; the reader is told.
 */
export async function readLogs(
  context: Context,
  options: LogOptions,
  action: string,
  object: string,
  read: (logs: readonly OpenedLog[]) => Promise<void>,
): Promise<void> {
  const session = sessionOf(context, options);
  try {
    await session.recorder.read({ action, object });
  } catch (error) {
    if (!isLotseError(error) || error.code !== "audit.unavailable") throw error;
    context.err(formatError(error, context.stderrColours));
    // The one thing that may happen without an entry; the log itself, which takes none, is what is looked at.
    await session.recorder.own(() => Promise.resolve());
  }
  const logs = await openLogs(context, options);
  try {
    await read(logs);
  } finally {
    for (const { close } of logs) await close();
  }
}

/** As {@link readLogs}, for one log. */
export async function readLog(
  context: Context,
  options: LogOptions,
  action: string,
  object: string,
  read: (log: AuditLog) => Promise<void>,
): Promise<void> {
  await readLogs(context, options, action, object, async ([opened]) => {
    if (opened !== undefined) await read(opened.log);
  });
}
