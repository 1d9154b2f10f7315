import type { DLogger } from "@dbos-inc/dbos-sdk/internal/telemetry/logs";

/** Takes what DBOS logs and drops it: what matters is told as status and as errors. */
export const silentLogger: DLogger = {
  info: () => undefined,
  debug: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
