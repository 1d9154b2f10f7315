import pLimit, { type LimitFunction } from "p-limit";

/**
 * How many calls to a host are under way at a time in this process. OpenSSH's server gives a connection ten
 * sessions unless its `MaxSessions` says otherwise ([sshd_config](https://man.openbsd.org/sshd_config)). Uploads
 * and commands of users take minutes; those who abort must not wait for them.
 */
export const sessionsPerHost = { short: 6, long: 3 } as const;

/** How a call shares the connection. */
export type SessionLength = keyof typeof sessionsPerHost;

const limits = new Map<string, LimitFunction>();

/**
 * Makes a call when its turn has come, in the order of asking.
 *
 * @param connection - what names the connection to a host; targets that share it share the turns
 */
export function inSession<T>(connection: string, length: SessionLength, call: () => Promise<T>): Promise<T> {
  const name = `${length} ${connection}`;
  const limit = limits.get(name) ?? pLimit(sessionsPerHost[length]);
  limits.set(name, limit);
  return limit(call);
}
