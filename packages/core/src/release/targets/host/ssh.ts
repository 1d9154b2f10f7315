import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { isSystemError, LotseError } from "../../../kernel/index.ts";
import { checkWords } from "./argument.ts";
import { proxyCommand } from "./jump.ts";
import { inSession, type SessionLength } from "./sessions.ts";
import type { HostPlace, SshSpec } from "./spec.ts";

const maxOutputBytes = 4 * 1024 * 1024;

/** What is sent to a program on a host. */
export type Input = { readonly bytes: Uint8Array | string } | { readonly file: string };

/** How a program on a host is run. */
interface SshOptions {
  readonly input?: Input | undefined;
  /** From when its turn has come. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue short */
  readonly session?: SessionLength | undefined;
}

/** What a program on a host answered; 255 is ssh's own status. */
export interface SshResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The system's ssh for one target, with one connection for each host that calls share. */
export interface Ssh {
  /**
   * Runs a program on a host.
   *
   * @param words - each of a safe alphabet
   * @throws LotseError `target.host` when ssh cannot be started or the time is over; the signal's reason
   */
  run(host: HostPlace, words: readonly string[], options: SshOptions): Promise<SshResult>;
  /** The same with a command that is fixed in our own sources, and so needs no check. */
  runFixed(host: HostPlace, command: string, options: SshOptions): Promise<SshResult>;
  /** A connection from a host to an address that it reaches, such as its own service. */
  connect(host: HostPlace, address: string, port: number): Duplex;
  /** A name for the connection to a host that calls share, also those of other targets. */
  connectionTo(host: HostPlace): string;
  /** Ends the shared connection, such as one to a host that went away. */
  forget(host: HostPlace): Promise<void>;
}

/**
 * Where sockets of shared connections lie: short, since the system bounds the length of their paths, and ours
 * alone, since whoever may use them is logged in.
 *
 * @throws LotseError `machine.write` when it belongs to somebody else or others may enter
 */
export async function controlDirectory(env: NodeJS.ProcessEnv): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const runtime = env["XDG_RUNTIME_DIR"];
  const path =
    runtime !== undefined && runtime.length < 30
      ? join(runtime, "lotse-ssh")
      : join(tmpdir(), `lotse-ssh-${uid}`);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  }
  const status = await lstat(path);
  if (status.isDirectory() && status.uid === uid && (status.mode & 0o077) === 0) return path;
  throw new LotseError({
    code: "machine.write",
    message: `${path} is not a directory of this user alone`,
    hint: `remove it, or set XDG_RUNTIME_DIR`,
    where: { file: path },
  });
}

/**
 * The options of every call, without those that name the host.
 *
 * @param control - where sockets of shared connections lie; null for a connection of its own
 */
export function sshOptions(spec: SshSpec, control: string | null): string[] {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ForwardAgent=no",
    ...(control === null
      ? ["ControlMaster=no", "ControlPath=none"]
      : ["ControlMaster=auto", `ControlPath=${control}/%C`, "ControlPersist=60"]),
    `ConnectTimeout=${Math.ceil(spec["connect-timeout-ms"] / 1000)}`,
    "ServerAliveInterval=3",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
    ...(spec["known-hosts"] === undefined ? [] : [`UserKnownHostsFile=${spec["known-hosts"]}`]),
  ];
  return [
    ...(spec.config === undefined ? [] : ["-F", spec.config]),
    ...(spec.identity === undefined ? [] : ["-i", spec.identity]),
    ...options.flatMap((option) => ["-o", option]),
  ];
}

/** What names a host in a call, and how it is reached. */
export function hostWords(host: HostPlace, spec: SshSpec): string[] {
  return [
    ...(host.jump === undefined
      ? []
      : ["-o", `ProxyCommand=${proxyCommand(sshOptions(spec, null), host.jump)}`]),
    ...(host.user === undefined ? [] : ["-l", host.user]),
    ...(host.port === undefined ? [] : ["-p", String(host.port)]),
    "--",
    host.address ?? host.name,
  ];
}

/**
 * Opens ssh for a target. Its configuration, agent, jump hosts and `known_hosts` apply; host keys are checked.
 *
 * @param control - from {@link controlDirectory}
 */
export async function openSsh(spec: SshSpec, control: string): Promise<Ssh> {
  // Connections of other settings, such as another identity, must not be shared.
  const key = createHash("sha256")
    .update(JSON.stringify([spec.config, spec.identity, spec["known-hosts"]]))
    .digest("hex")
    .slice(0, 8);
  const directory = join(control, key);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const base = sshOptions(spec, directory);
  const connectionTo = (host: HostPlace): string => [directory, ...hostWords(host, spec)].join(" ");
  const run = (host: HostPlace, command: string, options: SshOptions): Promise<SshResult> => {
    const call = (): Promise<SshResult> =>
      finished(host, spawnSsh([...base, ...hostWords(host, spec), command]), options);
    return inSession(connectionTo(host), options.session ?? "short", call, options.signal);
  };
  return {
    connectionTo,
    run: (host, words, options) => run(host, checkWords(words).join(" "), options),
    runFixed: run,
    connect: (host, address, port) => {
      const through = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
      const child = spawnSsh([...base, "-W", through, ...hostWords(host, spec)]);
      return streamOf(child);
    },
    forget: async (host) => {
      const child = spawnSsh([...base, "-O", "exit", ...hostWords(host, spec)]);
      await finished(host, child, { timeoutMs: 5000 }).catch(() => undefined);
    },
  };
}

function spawnSsh(args: readonly string[]): ChildProcess {
  return spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
}

function hostError(host: HostPlace, message: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "target.host",
    message: `${host.name}: ${message}`,
    hint: `try: ssh ${host.address ?? host.name} true`,
    retryable: true,
    cause,
  });
}

function finished(host: HostPlace, child: ChildProcess, options: SshOptions): Promise<SshResult> {
  const { input, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    let settled = false;
    const output = { stdout: "", stderr: "" };
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      child.kill("SIGKILL");
      act();
    };
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    const timer = setTimeout(
      () => settle(() => reject(hostError(host, `did not answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        if (output[name].length < maxOutputBytes) output[name] += text;
        else settle(() => reject(hostError(host, "answered more than is believable")));
      });
    }
    child.on("error", (error) =>
      settle(() => reject(hostError(host, `ssh cannot be started: ${error.message}`, error))),
    );
    child.on("close", (status) => settle(() => resolve({ status: status ?? 255, ...output })));
    // Whoever stops reading ends by itself; its status tells.
    child.stdin?.on("error", () => undefined);
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    feed(child, input);
  });
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

/** How much of what ssh says is told. */
const toldCharacters = 300;

/** A stream over a call of ssh; where the call fails, the stream's error says why. */
function streamOf(child: ChildProcess): Duplex {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("ssh was started without pipes");
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-toldCharacters);
  });
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk, encoding, done) => void stdin.write(chunk, encoding, done),
    final: (done) => void stdin.end(done),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  stdin.on("error", () => undefined);
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  child.on("error", (error) => stream.destroy(error));
  child.on("close", (status) => {
    if (status === 0) stream.push(null);
    else stream.destroy(new Error(words.replaceAll(/\s+/gu, " ").trim() || `ssh ended with ${status}`));
  });
  return stream;
}
