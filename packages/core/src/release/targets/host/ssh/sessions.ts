import pLimit, { type LimitFunction } from "p-limit";

/**
 * How many calls to a host are under way at a time in this process. OpenSSH's server gives a connection ten
 * sessions unless its `MaxSessions` says otherwise ([sshd_config](https://man.openbsd.org/sshd_config)). Uploads,
 * services that end and commands of users take long; moving the traffic and asking for health must not wait for
 * them.
 */
export const sessionsPerHost = { short: 6, long: 3 } as const;

/** How a call shares the connection. */
export type SessionLength = keyof typeof sessionsPerHost;

// The connections, too, are the process's: targets of several releases share them.
const limits = new Map<string, LimitFunction>();

/**
 * Makes a call when its turn has come, in the order of asking.
 *
 * @param connection - what names the connection to a host
 * @param signal - ends the waiting; a call that is under way heeds it itself
 * @throws the signal's reason; what the call throws
 */
export async function inSession<T>(
  connection: string,
  length: SessionLength,
  call: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const name = `${length} ${connection}`;
  const limit = limits.get(name) ?? pLimit(sessionsPerHost[length]);
  limits.set(name, limit);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener("abort", onAbort, { once: true });
  const turn = limit(async () => {
    signal?.removeEventListener("abort", onAbort);
    signal?.throwIfAborted();
    return call();
  });
  // Nobody hears of the turn of a call that was given up before it came.
  turn.catch(() => undefined);
  return Promise.race([turn, aborted]);
}
