import type { AuditLog } from "@lotse/core/audit";
import { isLotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatError } from "../../output/diagnostics.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";

/**
 * Opens the workspace's log for reading, and records that it is read. A log that takes no entry any more can
 * be read all the same, since that is when people need it; the reader is told.
 */
export async function openForReading(
  context: Context,
  options: CommonOptions,
  action: string,
  object: string,
): Promise<AuditLog> {
  const session = sessionOf(context, options);
  try {
    await session.recorder.read({ action, object });
  } catch (error) {
    if (!isLotseError(error) || error.code !== "audit.unavailable") throw error;
    context.err(formatError(error, context.stderrColours));
    // The one thing that may happen without an entry; the log itself, which takes none, is what is looked at.
    await session.recorder.own(() => Promise.resolve());
  }
  return await session.log.open();
}
