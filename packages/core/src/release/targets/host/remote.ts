import { isLotseError, LotseError, type Clock, type ErrorCode } from "../../../kernel/index.ts";
import type { TenantScope } from "../../names.ts";
import type { Fencing } from "../../target.ts";
import { checkWords } from "./argument.ts";
import type { Input, SshResult } from "./ssh/call.ts";
import { uploadCommand, type RemoteProgram } from "./program.ts";
import { lostStatus } from "./ssh/channel.ts";
import type { SessionLength } from "./ssh/sessions.ts";
import type { HostPlace, HostSpec } from "./spec.ts";
import type { Ssh } from "./ssh/ssh.ts";

/** Who acts, for the locks of hosts. */
interface Holder {
  /** Names the domain that fences belong to, such as a database of rollouts; letters, digits, `._-`. */
  readonly owner: string;
  readonly fencing?: Fencing | undefined;
}

/** How an operation is called. */
interface CallOptions {
  readonly input?: Input | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Time that it may take besides answering. @defaultValue 0 */
  readonly extraMs?: number | undefined;
  /** @defaultValue short */
  readonly session?: SessionLength | undefined;
  /** What it means that what it was to do failed on the host. @defaultValue "target.host" */
  readonly failure?: ErrorCode | undefined;
}

/** Calls the program on hosts. */
export interface Remote {
  /** Where the program lies on hosts. */
  readonly programPath: string;
  /** An operation that changes nothing. @returns what it wrote */
  ask(host: HostPlace, operation: string, words: readonly string[], options?: CallOptions): Promise<string>;
  /** An operation under the tenant's lock on that host. @throws LotseError `rollout.fence`, `target.lock` too */
  act(
    host: HostPlace,
    operation: string,
    scope: TenantScope,
    words: readonly string[],
    options?: CallOptions,
  ): Promise<string>;
}

/** What {@link openRemote} works with. */
export interface RemoteParts {
  readonly ssh: Ssh;
  readonly program: RemoteProgram;
  readonly spec: HostSpec;
  readonly clock: Clock;
  readonly holder: Holder;
}

/**
 * The first call to each host that went well or is under way. It is made alone: those that come meanwhile then share
 * its connection, and find the program there. Connections belong to the process, and so does this.
 */
const firstCalls = new Map<string, Promise<void>>();

/** How long an owner keeps the lock of a tenant on a host after an operation. */
const lockSeconds = 10;
const lockWaitMs = 15_000;
const lockPollMs = 500;

/** Exit statuses of the program; see its first lines. */
const statuses = {
  usage: 64,
  damaged: 65,
  missing: 69,
  noWrite: 73,
  locked: 75,
  failed: 76,
  fence: 77,
  refused: 78,
};

function codeOf(status: number, failure: ErrorCode): ErrorCode {
  switch (status) {
    case statuses.fence:
      return "rollout.fence";
    case statuses.locked:
      return "target.lock";
    case statuses.usage:
    case statuses.refused:
      return "target.refused";
    case statuses.failed:
      return failure;
    default:
      return "target.host";
  }
}

const hints: Readonly<Record<number, string>> = {
  [statuses.noWrite]: "make room on the host, then repeat the step",
  [statuses.locked]: "somebody else is at work on this tenant; wait until it is done",
  [lostStatus]: "check that ssh reaches the host with BatchMode and that known_hosts holds its present key",
};

function failed(host: HostPlace, { status, stderr, stdout }: SshResult, failure: ErrorCode): LotseError {
  const words = `${stderr.trim()}\n${stdout.trim()}`.trim();
  return new LotseError({
    code: codeOf(status, failure),
    message: `${host.name}: ${words === "" ? `ended with status ${status}` : words.slice(-2000)}`,
    hint: hints[status],
    retryable: status === lostStatus || status === statuses.locked,
  });
}

function isMissing({ status, stderr }: SshResult): boolean {
  return status === 127 || status === 126 || (status === 1 && /^sudo: .*command not found/mu.test(stderr));
}

/** Opens the program on hosts; it is uploaded where it is missing. */
export function openRemote(parts: RemoteParts): Remote {
  const ask: Remote["ask"] = async (host, operation, words, options = {}) => {
    const result = await alone(
      parts,
      host,
      () => call(parts, host, [operation, ...words], options),
      options.signal,
    );
    if (result.status === 0) return result.stdout;
    throw failed(host, result, options.failure ?? "target.host");
  };
  return {
    programPath: parts.program.path,
    ask,
    async act(host, operation, { environment, tenant }, words, options) {
      const { owner, fencing } = parts.holder;
      const fence = fencing === undefined ? "-" : String(fencing.fence);
      const all = [environment, tenant, owner, fence, String(lockSeconds), ...words];
      const end = parts.clock.elapsedMs() + lockWaitMs;
      for (;;) {
        try {
          return await ask(host, operation, all, options);
        } catch (error) {
          const isLocked = isLotseError(error) && error.code === "target.lock";
          if (!isLocked || parts.clock.elapsedMs() >= end) throw error;
          await parts.clock.sleep(lockPollMs, options?.signal);
        }
      }
    },
  };
}

/** Waits for a promise, or until it is aborted. @throws the signal's reason */
async function unlessAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function alone(
  { ssh, program }: RemoteParts,
  host: HostPlace,
  act: () => Promise<SshResult>,
  signal?: AbortSignal,
): Promise<SshResult> {
  const name = `${program.digest} ${ssh.connectionTo(host)}`;
  const first = firstCalls.get(name);
  if (first !== undefined) {
    await unlessAborted(first, signal);
    return act();
  }
  const run = act();
  const settle = async (): Promise<void> => {
    const status = await run.then(
      (result) => result.status,
      () => lostStatus,
    );
    // Whoever comes after one that failed opens the connection anew.
    if (status === lostStatus) firstCalls.delete(name);
  };
  firstCalls.set(name, settle());
  return run;
}

async function call(
  parts: RemoteParts,
  host: HostPlace,
  words: readonly string[],
  options: CallOptions,
): Promise<SshResult> {
  const { clock } = parts;
  const started = clock.elapsedMs();
  const result = await once(parts, host, words, options);
  if (isMissing(result)) {
    await upload(parts, host, options.signal);
    return once(parts, host, words, options);
  }
  // A shared connection whose host was rebooted breaks at once; a new one may work.
  if (result.status === lostStatus && clock.elapsedMs() - started < 2000) {
    await parts.ssh.forget(host);
    return once(parts, host, words, options);
  }
  return result;
}

async function once(
  parts: RemoteParts,
  host: HostPlace,
  words: readonly string[],
  options: CallOptions,
): Promise<SshResult> {
  try {
    return await over(parts, host, checkWords(words), options);
  } catch (error) {
    // Whoever comes next must not wait for a connection that is dead.
    if (options.signal?.aborted !== true) await parts.ssh.forget(host);
    throw error;
  }
}

/** Short operations share sessions; those that take long, or bring a file, have one of their own. */
function over(
  { ssh, spec, program }: RemoteParts,
  host: HostPlace,
  words: readonly string[],
  { input, signal, session = "short", extraMs = 0 }: CallOptions,
): Promise<SshResult> {
  const patience = { signal, timeoutMs: spec.ssh["answer-timeout-ms"] + extraMs };
  const start = `${asRoot(spec)}${program.path}`;
  if (session === "long" || (input !== undefined && "file" in input)) {
    return ssh.run(host, `${start} ${words.join(" ")}`, { ...patience, input, session });
  }
  return ssh.ask(host, `${start} serve`, { ...patience, words, bytes: input?.bytes });
}

function asRoot({ ssh }: HostSpec): string {
  return ssh.sudo ? "sudo -n " : "";
}

async function upload(
  { ssh, spec, program }: RemoteParts,
  host: HostPlace,
  signal?: AbortSignal,
): Promise<void> {
  const command = `${asRoot(spec)}sh -c '${uploadCommand(program)}'`;
  const result = await ssh.run(host, command, {
    session: "short",
    input: { bytes: program.text },
    timeoutMs: spec.ssh["answer-timeout-ms"],
    signal,
  });
  if (result.status !== 0) throw failed(host, result, "target.host");
}
