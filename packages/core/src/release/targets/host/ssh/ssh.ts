import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { isSystemError, LotseError } from "../../../../kernel/index.ts";
import { finished, spawnSsh, type Input, type Patience, type SshResult } from "./call.ts";
import { openChannel, type Channel, type Question } from "./channel.ts";
import { askOverChannel, closeChannels } from "./channels.ts";
import { proxyCommand } from "./jump.ts";
import { inSession, type SessionLength } from "./sessions.ts";
import type { HostPlace, SshSpec } from "../spec.ts";
import { streamOf } from "./tunnel.ts";

/** How a program on a host is run. */
interface SshOptions extends Patience {
  readonly input?: Input | undefined;
  readonly session: SessionLength;
}

/** The system's ssh for one target, with one connection for each host that calls share. */
export interface Ssh {
  /**
   * Runs a command on a host, in a session of its own.
   *
   * @param command - the shell there reads it: fixed in our own sources, or of checked words
   * @throws LotseError `target.host` when ssh cannot be started or the time is over; the signal's reason
   */
  run(host: HostPlace, command: string, options: SshOptions): Promise<SshResult>;
  /**
   * Asks a program that answers questions one after another, in a session that those who ask later share.
   *
   * @param command - starts that program; as for `run`
   * @throws as `run` does
   */
  ask(host: HostPlace, command: string, question: Question): Promise<SshResult>;
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
  const start = (host: HostPlace, command: string): ChildProcess =>
    spawnSsh([...base, ...hostWords(host, spec), command]);
  return {
    connectionTo,
    run: (host, command, options) => {
      const call = (): Promise<SshResult> => finished(host, start(host, command), options);
      return inSession(connectionTo(host), options.session, call, options.signal);
    },
    ask: (host, command, question) => {
      const open = (): Channel => openChannel(host, start(host, command));
      const call = (): Promise<SshResult> => askOverChannel(connectionTo(host), command, open, question);
      return inSession(connectionTo(host), "short", call, question.signal);
    },
    connect: (host, address, port) => {
      const through = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
      const child = spawnSsh([...base, "-W", through, ...hostWords(host, spec)]);
      return streamOf(child);
    },
    forget: async (host) => {
      closeChannels(connectionTo(host));
      const child = spawnSsh([...base, "-O", "exit", ...hostWords(host, spec)]);
      await finished(host, child, { timeoutMs: 5000 }).catch(() => undefined);
    },
  };
}
