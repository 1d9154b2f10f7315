import { spawn, type ChildProcess } from "node:child_process";
import { createReadStream } from "node:fs";
import { LotseError } from "../../../../kernel/index.ts";
import type { HostPlace } from "../spec.ts";

const maxOutputBytes = 4 * 1024 * 1024;

/** What is sent to a program on a host. */
export type Input = { readonly bytes: Uint8Array | string } | { readonly file: string };

/** How long an answer is waited for. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a program on a host answered; 255 is ssh's own status. */
export interface SshResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the system's ssh. */
export function spawnSsh(args: readonly string[]): ChildProcess {
  return spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
}

/** A `target.host` that may pass, with a hint of how to try the host by hand. */
function hostError(host: HostPlace, message: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "target.host",
    message: `${host.name}: ${message}`,
    hint: `try: ssh ${host.address ?? host.name} true`,
    retryable: true,
    cause,
  });
}

/**
 * Waits for an answer.
 *
 * @param end - what is done where it is not waited for any longer, or failed
 * @throws LotseError `target.host` when the time is over; the signal's reason; what the answer throws
 */
export async function within<T>(
  answer: Promise<T>,
  host: HostPlace,
  { timeoutMs, signal }: Patience,
  end: () => void,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  const timer = setTimeout(() => reject(hostError(host, `did not answer within ${timeoutMs} ms`)), timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([answer, over]);
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The two streams that a program writes. */
export type OutputName = "stdout" | "stderr";

/** What a program has written, up to a bound. */
export class Output {
  readonly #host: HostPlace;
  stdout = "";
  stderr = "";

  constructor(host: HostPlace) {
    this.#host = host;
  }

  /** @throws LotseError `target.host` for more than is believable */
  add(name: OutputName, text: string): void {
    if (this[name].length >= maxOutputBytes) throw hostError(this.#host, "answered more than is believable");
    this[name] += text;
  }
}

/** Tells what a program writes, and why it could not be started. */
export function hear(
  host: HostPlace,
  child: ChildProcess,
  onText: (name: OutputName, text: string) => void,
  onError: (error: unknown) => void,
): void {
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      try {
        onText(name, text);
      } catch (error) {
        onError(error);
      }
    });
  }
  child.on("error", (error) => onError(hostError(host, `ssh cannot be started: ${error.message}`, error)));
  // Whoever stops reading ends by itself; its status tells.
  child.stdin?.on("error", () => undefined);
}

/**
 * Gives a program its input, and waits until it ends.
 *
 * @throws LotseError `target.host` when it cannot be started, answers too much, or the time is over; the signal's
 * reason
 */
export function finished(
  host: HostPlace,
  child: ChildProcess,
  options: Patience & { readonly input?: Input | undefined },
): Promise<SshResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SshResult>();
  const output = new Output(host);
  hear(host, child, (name, text) => output.add(name, text), reject);
  child.on("close", (status) =>
    resolve({ status: status ?? 255, stdout: output.stdout, stderr: output.stderr }),
  );
  feed(child, options.input);
  return within(promise, host, options, () => child.kill("SIGKILL"));
}

function feed(child: ChildProcess, input: Input | undefined): void {
  if (child.stdin === null) return;
  if (input === undefined) child.stdin.end();
  else if ("bytes" in input) child.stdin.end(input.bytes);
  else
    createReadStream(input.file)
      .on("error", () => child.kill())
      .pipe(child.stdin);
}
