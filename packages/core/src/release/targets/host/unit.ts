import type { HostSpec } from "./spec.ts";

/** What a unit is written from. All paths are absolute and of letters, digits and `._/@-`. */
export interface UnitInput {
  readonly description: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  /** Read by systemd itself, so the program gets the variables and no argument list shows them. */
  readonly environmentFiles: readonly string[];
  readonly writable: readonly string[];
  readonly limits: HostSpec["limits"];
}

/** What a command needs besides: it runs to its end. */
export interface OneShot {
  readonly timeoutMs: number;
  readonly outputFile: string;
  /** Root runs this when it is over, however that came. */
  readonly after?: string;
  /** Does not start where this exists. */
  readonly unless?: string;
}

/**
 * One word of a command line in a unit file: quoted, and with nothing for systemd to expand. `%` is doubled,
 * control characters are written as numbers; the command's prefix `:` leaves `$` alone.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines
 */
export function quoteUnitWord(word: string): string {
  const inner = word
    .replaceAll(/["\\]/gu, "\\$&")
    .replaceAll("%", "%%")
    // oxlint-disable-next-line no-control-regex -- these are what must be escaped
    .replaceAll(/[\u0001-\u001f\u007f]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `"${inner}"`;
}

/** The program of a command: `./x` is in the code's directory, since systemd wants whole paths. */
function commandLine(command: readonly string[], directory: string): string {
  const [program = "", ...rest] = command;
  const whole = program.startsWith("./") ? `${directory}/${program.slice(2)}` : program;
  return [`:${quoteUnitWord(whole)}`, ...rest.map(quoteUnitWord)].join(" ");
}

const hardening = [
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "ProtectKernelTunables=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelLogs=yes",
  "ProtectControlGroups=yes",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "ProtectProc=invisible",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "LockPersonality=yes",
  "RemoveIPC=yes",
  "KeyringMode=private",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallErrorNumber=EPERM",
  "UMask=0077",
  "LimitCORE=0",
];

function limitLines(limits: HostSpec["limits"]): string[] {
  const { "memory-mb": memory, "cpu-percent": cpu, tasks, files } = limits;
  return [
    `TasksMax=${tasks}`,
    `LimitNOFILE=${files}`,
    ...(memory === undefined ? [] : [`MemoryMax=${memory}M`, "MemorySwapMax=0"]),
    ...(cpu === undefined ? [] : [`CPUQuota=${cpu}%`]),
  ];
}

function commonLines(input: UnitInput): string[] {
  return [
    `ExecStart=${commandLine(input.command, input.workingDirectory)}`,
    `WorkingDirectory=${input.workingDirectory}`,
    `User=${input.user}`,
    ...input.environmentFiles.map((file) => `EnvironmentFile=${file}`),
    ...input.writable.map((path) => `ReadWritePaths=${path}`),
    ...hardening,
    ...limitLines(input.limits),
  ];
}

/** The unit of one colour of a service: it starts with the host once it was started, and after a crash. */
export function serviceUnit(input: UnitInput, stopTimeoutMs: number): string {
  return lines([
    "[Unit]",
    `Description=${input.description}`,
    "After=network-online.target",
    "Wants=network-online.target",
    // A host that boots slowly must not count its tries; one that crashes all the time must come to rest.
    "StartLimitIntervalSec=60",
    "StartLimitBurst=5",
    "",
    "[Service]",
    "Type=exec",
    "Restart=always",
    "RestartSec=1",
    "KillMode=mixed",
    `TimeoutStopSec=${Math.max(1000, stopTimeoutMs)}ms`,
    ...commonLines(input),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ]);
}

/** The last line of what is sent: systemd would run a unit that was cut off, without the limits that come after. */
const whole = "# whole";

/** What is sent where there is no command to run. */
export const noUnit = `${whole}\n`;

/** The unit of a command that belongs to a rollout, with the same limits and variables as the service. */
export function oneShotUnit(input: UnitInput, shot: OneShot): string {
  return lines([
    "[Unit]",
    `Description=${input.description}`,
    ...(shot.unless === undefined ? [] : [`ConditionPathExists=!${shot.unless}`]),
    "",
    "[Service]",
    "Type=oneshot",
    `TimeoutStartSec=${shot.timeoutMs}ms`,
    // Not `truncate:`, which would empty it again for what runs after.
    `StandardOutput=append:${shot.outputFile}`,
    "StandardError=inherit",
    ...(shot.after === undefined ? [] : [`ExecStopPost=+${shot.after}`]),
    ...commonLines(input),
    whole,
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
