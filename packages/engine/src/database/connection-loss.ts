/**
 * SQLSTATEs that say that the server is away, and not that the statement is wrong: class 08 (connection), 57P
 * (shutting down, crashed, starting up), 25P03 (silent for too long in a transaction), 53300 (too many connections),
 * 40001 and 40P01 (try again).
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const away = /^(?:08|57P|25P03|53300|40001|40P01)/u;

const networkErrors: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** What the driver says without a code; a pool and a client have other words for the same. */
const driverMessages =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client was closed|Client network socket disconnected)/u;

/** Whether an error says that the connection was lost or could not be made, so trying again makes sense. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isConnectionLoss);
  const code = "code" in error ? String(error.code) : "";
  if (networkErrors.has(code) || (code.length === 5 && away.test(code))) return true;
  return driverMessages.test(error.message) || isConnectionLoss(error.cause);
}
