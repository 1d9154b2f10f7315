import { isIP } from "node:net";
import { z } from "zod";
import { isJump } from "./ssh/jump.ts";
import { parseSpec } from "../parse-spec.ts";
import { healthSchema, verifySchema } from "../../health/spec.ts";
import { nameSchema } from "../../names.ts";
import { stickySchema } from "../../step.ts";

const hour = 3_600_000;
const milliseconds = (min: number, max: number) => z.int().min(min).max(max);
const argv = z
  .array(
    z
      .string()
      .max(4096)
      .refine((word) => !word.includes("\0"), "must not hold a zero byte"),
  )
  .min(1)
  .max(64)
  // systemd reads @ - : + ! before a program as options of its own.
  .refine(
    ([program = ""]) => /^[A-Za-z0-9_./]/u.test(program),
    "must begin with the name or path of a program",
  );
const absolute = z
  .string()
  .max(200)
  .regex(/^\/[A-Za-z0-9._/@-]*$/u, "must be an absolute path of letters, digits and ._/@-")
  .refine((path) => !path.includes(".."), "must not hold ..");
const place = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/u, "must be a host name, an address or an ssh alias");
const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/u, "must be the name of a user");
const port = z.int().min(1).max(65_535);
const portRange = z
  .strictObject({ first: z.int().min(1024).max(65_535), last: z.int().min(1024).max(65_535) })
  .refine(({ first, last }) => first < last, "first must be below last");

const hostSchema = z.strictObject({
  name: nameSchema.describe("what people and reports call it"),
  address: place
    .optional()
    .describe("host name, address or alias of ssh_config; the name where it is missing"),
  internal: place.optional().describe("where balancers reach its services; the address where it is missing"),
  user: account.optional(),
  port: port.optional(),
  jump: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9][A-Za-z0-9@._:,-]*$/u)
    .refine(isJump, "must be [user@]host[:port], with commas between")
    .optional()
    .describe("jump hosts as for ssh -J"),
});

const sshSchema = z.strictObject({
  config: z.string().min(1).max(4096).optional().describe("an ssh_config file instead of the user's"),
  "known-hosts": z.string().min(1).max(4096).optional(),
  identity: z.string().min(1).max(4096).optional().describe("the file of a private key"),
  sudo: z.boolean().default(false).describe("whether the user becomes root by sudo, which must not ask"),
  "connect-timeout-ms": milliseconds(1000, 120_000).default(10_000),
  "answer-timeout-ms": milliseconds(1000, hour)
    .default(60_000)
    .describe("for one operation on a host, besides what it may wait for by description"),
});

const holdsNoPassword = (url: string): boolean => !/^[a-z]+:\/\/[^/@]*:[^/@]*@/u.test(url);

const artefactSchema = z.discriminatedUnion("from", [
  z.strictObject({ from: z.literal("release") }),
  // A tar archive, plain or compressed: the file of `app.artefact`.
  z.strictObject({ from: z.literal("artefact") }),
  z.strictObject({
    from: z.literal("git"),
    url: z
      .string()
      .max(2048)
      .regex(/^(https?:\/\/|ssh:\/\/|file:\/\/|[A-Za-z0-9._-]+@)[A-Za-z0-9._~:/@%+-]+$/u)
      .refine(holdsNoPassword, "must not hold a password"),
    commit: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/u, "must be a whole commit id"),
  }),
  z.strictObject({
    from: z.literal("tarball"),
    url: z
      .string()
      .max(2048)
      .regex(/^(https?|file):\/\/[A-Za-z0-9._~:/?&=@%+-]+$/u)
      .refine(holdsNoPassword, "must not hold a password"),
    sha256: z.string().regex(/^[0-9a-f]{64}$/u),
  }),
]);

const limitsSchema = z.strictObject({
  "memory-mb": z.int().min(16).max(4_194_304).optional(),
  "cpu-percent": z.int().min(1).max(100_000).optional().describe("100 is one processor"),
  tasks: z.int().min(1).max(4_194_304).default(512),
  files: z.int().min(16).max(1_048_576).default(65_536),
});

const balancerSchema = z.strictObject({
  hosts: z
    .union([z.literal("each"), z.array(hostSchema).min(1).max(16)])
    .default("each")
    .describe("where HAProxy runs: on each of the hosts, or on hosts of its own"),
  socket: absolute.default("/run/haproxy/admin.sock"),
  "master-socket": absolute.default("/run/haproxy-master.sock"),
  config: absolute.default("/etc/haproxy/haproxy.cfg").describe("HAProxy's own configuration"),
  directory: absolute.default("/etc/haproxy/lotse.d").describe("where Lotse writes a file for each tenant"),
  service: nameSchema.default("haproxy").describe("the unit that is reloaded"),
  listen: z
    .strictObject({
      address: z.union([z.literal("*"), z.ipv4(), z.ipv6()]).default("*"),
      ports: portRange.default({ first: 20_000, last: 21_999 }),
    })
    .prefault({}),
  sticky: stickySchema
    .default("none")
    .describe("who stays on the colour that served first: nobody, a session by cookie, or a header's value"),
});

/** The schema of a `host` target in `lotse.yml`. Times are milliseconds. */
export const hostSpecSchema = z
  .strictObject({
    type: z.literal("host"),
    hosts: z.array(hostSchema).min(1).max(200),
    ssh: sshSchema.prefault({}),
    artefact: artefactSchema.default({ from: "release" }).describe("where the code comes from"),
    install: argv
      .optional()
      .describe("run once in the code's directory, as the service's user, before it is used"),
    "install-timeout-ms": milliseconds(1000, hour).default(600_000),
    command: argv.describe("program and arguments; no shell; ./ is the code's directory"),
    user: account
      .optional()
      .describe("whom the service runs as; a user of the tenant's own where it is missing"),
    shared: z
      .array(nameSchema)
      .max(32)
      .default([])
      .describe("directories that all releases of a tenant share, linked into the code's directory"),
    limits: limitsSchema.prefault({}),
    ports: portRange.default({ first: 22_000, last: 29_999 }).describe("of the services, two for a tenant"),
    balancer: balancerSchema.prefault({}),
    health: healthSchema(["http", "tcp", "command", "systemd"]).prefault({}),
    verify: verifySchema.prefault({}),
    "drain-timeout-ms": milliseconds(0, hour)
      .default(30_000)
      .describe("for open requests to finish, and after SIGTERM until SIGKILL"),
    keep: z.int().min(0).max(100).default(3).describe("releases on each host besides those in use"),
  })
  .refine(({ hosts }) => new Set(hosts.map(({ name }) => name)).size === hosts.length, {
    error: "names a host twice",
    path: ["hosts"],
  });

/** How a service runs on hosts; as `lotse.yml` says with defaults filled in. */
export type HostSpec = z.infer<typeof hostSpecSchema>;

/** A server that is reached by ssh. */
export type HostPlace = z.infer<typeof hostSchema>;

/** How ssh is called. */
export type SshSpec = z.infer<typeof sshSchema>;

/**
 * Reads the description of a host target.
 *
 * @throws LotseError `target.spec` naming the first thing that is wrong
 */
export function parseHostSpec(value: unknown): HostSpec {
  return parseSpec(hostSpecSchema, value);
}

/** Where balancers reach a host's services. */
export function internalOf(host: HostPlace): string {
  return host.internal ?? host.address ?? host.name;
}

/** What a service listens on: the host's own address where it is known, otherwise all. */
export function bindAddressOf(host: HostPlace): string {
  const address = internalOf(host);
  return isIP(address) === 0 ? "0.0.0.0" : address;
}

/** The hosts that HAProxy runs on. */
export function balancersOf(spec: HostSpec): readonly HostPlace[] {
  return spec.balancer.hosts === "each" ? spec.hosts : spec.balancer.hosts;
}

/** What tells logins to different machines, or as different users, apart. */
export function loginOf({ name, address, port, user, jump }: HostPlace): string {
  return JSON.stringify([address ?? name, port ?? null, user ?? null, jump ?? null]);
}

/** The hosts of one description that a later one does not name any more, nor reach under another name. */
export function leftOut(before: HostSpec, now: HostSpec): readonly HostPlace[] {
  const reachOf = ({ name, address, port = 22 }: HostPlace): string => `${address ?? name} ${port}`;
  const names = new Set(now.hosts.map(({ name }) => name));
  const reached = new Set(now.hosts.map(reachOf));
  return before.hosts.filter((host) => !names.has(host.name) && !reached.has(reachOf(host)));
}
