import { createHash } from "node:crypto";
import { z } from "zod";
import { colours, type Colour, type TenantScope } from "../../names.ts";
import { stickySchema, type Sticky, type Weights } from "../../step.ts";
import type { HostSpec } from "./spec.ts";

/** A host's servers as balancers know them. */
export interface ServerPlace {
  readonly host: string;
  /** Name or address that balancers reach it by. */
  readonly address: string;
  readonly ports: Readonly<Record<Colour, number>>;
  readonly weights: Weights;
}

/** What a tenant's file is written from. */
export interface BalancerInput {
  readonly scope: TenantScope;
  readonly spec: HostSpec;
  readonly port: number;
  readonly servers: readonly ServerPlace[];
}

/** Names of a tenant's frontend and backend; names of tenants hold no colon, so they are unique. */
function backendName({ environment, tenant }: TenantScope): string {
  return `lotse:${environment}:${tenant}`;
}

/**
 * Writes HAProxy's file of a tenant. It ends with a line that tells its SHA-256, so that damage is noticed.
 * A colour without a share is `disabled`: it gets no request, whatever cookie says; those under way go on.
 * https://docs.haproxy.org/2.6/configuration.html
 */
export function formatBalancerFile({ scope, spec, port, servers }: BalancerInput): string {
  const name = backendName(scope);
  const { listen, sticky } = spec.balancer;
  const address = listen.address.includes(":") ? `[${listen.address}]` : listen.address;
  const body = [
    "# Written by Lotse; changes by hand are lost.",
    `# sticky ${JSON.stringify(sticky)}`,
    `frontend ${name}`,
    "  mode http",
    `  bind ${address}:${port}`,
    "  option http-keep-alive",
    `  use_backend ${name} if { nbsrv(${name}) gt 0 }`,
    `  default_backend ${name}:none`,
    "",
    `backend ${name}`,
    "  mode http",
    "  option redispatch",
    // A service closes idle connections when it likes; HAProxy would pass that on to the client as a reset.
    "  retry-on conn-failure empty-response",
    "  http-request disable-l7-retry unless METH_GET",
    "  option forwardfor",
    ...stickyLines(sticky),
    // A service that is busy answers late; only one that does not take the connection is gone at once.
    "  timeout check 3s",
    ...checkLines(spec),
    ...servers.flatMap((place) => colours.map((colour) => serverLine(place, colour, sticky))),
    "",
    `backend ${name}:none`,
    "  mode http",
    "",
  ].join("\n");
  return `${body}# lotse-sha256 ${createHash("sha256").update(body).digest("hex")}\n`;
}

function stickyLines(sticky: Sticky): string[] {
  if (typeof sticky === "object") {
    // Consistent hashing moves as few as a change of shares takes.
    return [`  balance hdr(${sticky.header})`, "  hash-type consistent sdbm avalanche"];
  }
  if (sticky === "none") return ["  balance roundrobin"];
  return ["  balance roundrobin", "  cookie LOTSE insert indirect nocache httponly"];
}

function checkLines({ health }: HostSpec): string[] {
  return health.kind === "http"
    ? [`  option httpchk GET ${health.path.replaceAll(/[\\"'#]/gu, "\\$&")}`]
    : [];
}

function serverLine(place: ServerPlace, colour: Colour, sticky: Sticky): string {
  const share = place.weights[colour];
  const name = `${place.host}:${colour}`;
  const words = [
    `  server ${name} ${place.address}:${place.ports[colour]} weight ${Math.max(1, share)}`,
    "check inter 1s fall 3 rise 1",
    ...(sticky === "session" ? [`cookie ${name}`] : []),
    ...(share === 0 ? ["disabled"] : []),
  ];
  return words.join(" ");
}

/** What counts of a server, over the running workers and those that finish what they have. */
interface ServerCount {
  readonly host: string;
  readonly colour: Colour;
  readonly inFlight: number;
  readonly requests: number;
  readonly errors: number;
}

/** What a balancer says about a tenant. */
export interface BalancerState {
  /** The port that its file binds; null where it has no file, or none that is whole. */
  readonly port: number | null;
  /** Shares by host as the file tells them, or the running HAProxy where the file is damaged. */
  readonly shares: Readonly<Record<string, Weights>> | null;
  /** Ports of servers by host as the file tells them. */
  readonly ports: Readonly<Record<string, Readonly<Record<Colour, number>>>>;
  /** Null where there is no whole file. */
  readonly sticky: Sticky | null;
  /** Whether a file was found whose checksum is wrong, or that is missing where there is a copy. */
  readonly damaged: boolean;
  readonly running: boolean;
  readonly counts: readonly ServerCount[];
  /** The process that counts; empty where HAProxy does not run. */
  readonly countedBy: string;
  readonly unrouted: number;
}

const count = z.coerce.number().int().min(0);
const rowSchema = z.tuple([z.string(), z.string(), count, count, count, count, count, z.string(), count]);

interface Row {
  readonly proxy: string;
  readonly server: string;
  readonly current: number;
  readonly total: number;
  readonly errors: number;
  readonly status: string;
  readonly weight: number;
}

function parseRow(text: string): Row | null {
  const parsed = rowSchema.safeParse(text.split(" "));
  if (!parsed.success) return null;
  const [proxy, server, current, total, errors5xx, connect, response, status, weight] = parsed.data;
  return { proxy, server, current, total, errors: errors5xx + connect + response, status, weight };
}

function placeOf(server: string): { host: string; colour: Colour } | null {
  const at = server.lastIndexOf(":");
  const colour = colours.find((each) => each === server.slice(at + 1));
  return at <= 0 || colour === undefined ? null : { host: server.slice(0, at), colour };
}

type Shares = Record<string, { blue: number; green: number }>;

function addShare(shares: Shares, server: string, share: number): void {
  const place = placeOf(server);
  if (place !== null) (shares[place.host] ??= { blue: 0, green: 0 })[place.colour] = share;
}

/** Reads what `lb-state` answers; lines that it does not know are left out. */
export function parseBalancerState(output: string): BalancerState {
  const lines = output.split("\n").map((line) => {
    const at = line.indexOf(" ");
    return at < 0 ? { kind: line, rest: "" } : { kind: line.slice(0, at), rest: line.slice(at + 1) };
  });
  const of = (kind: string): string[] => lines.filter((line) => line.kind === kind).map(({ rest }) => rest);
  const rows = of("stat").flatMap((text) => parseRow(text) ?? []);
  const old = of("old").flatMap((text) => parseRow(text) ?? []);
  const [file] = of("file");
  return {
    port: file === undefined ? null : Number(/:(\d+)$/u.exec(file)?.[1] ?? Number.NaN) || null,
    shares: file === undefined ? runningShares(rows) : fileShares(of("server")),
    ports: filePorts(of("server")),
    sticky: stickyOfLine(of("sticky")[0]),
    damaged: lines.some(({ kind }) => kind === "damaged"),
    running: lines.some(({ kind }) => kind === "running"),
    counts: countsOf(rows, old),
    countedBy: of("counted-by")[0] ?? "",
    unrouted: rows.find(({ proxy, server }) => proxy.endsWith(":none") && server === "BACKEND")?.total ?? 0,
  };
}

function fileShares(servers: readonly string[]): Shares {
  const shares: Shares = {};
  for (const text of servers) {
    const [server = "", weight = "0", state] = text.split(" ");
    addShare(shares, server, state === "ready" ? Number(weight) : 0);
  }
  return shares;
}

function filePorts(servers: readonly string[]): Record<string, Record<Colour, number>> {
  const ports: Record<string, Record<Colour, number>> = {};
  for (const text of servers) {
    const [server = "", , , port = "0"] = text.split(" ");
    const place = placeOf(server);
    if (place !== null) (ports[place.host] ??= { blue: 0, green: 0 })[place.colour] = Number(port);
  }
  return ports;
}

function stickyOfLine(text: string | undefined): Sticky | null {
  if (text === undefined) return null;
  try {
    return stickySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function runningShares(rows: readonly Row[]): Shares | null {
  const shares: Shares = {};
  for (const { server, status, weight } of rows) addShare(shares, server, status === "MAINT" ? 0 : weight);
  return Object.keys(shares).length === 0 ? null : shares;
}

function countsOf(rows: readonly Row[], old: readonly Row[]): ServerCount[] {
  return rows.flatMap((row) => {
    const place = placeOf(row.server);
    if (place === null) return [];
    const before = old.filter(({ server }) => server === row.server);
    const sum = (of: (each: Row) => number): number =>
      before.reduce((total, each) => total + of(each), of(row));
    return [
      {
        ...place,
        inFlight: sum((each) => each.current),
        requests: sum((each) => each.total),
        errors: sum((each) => each.errors),
      },
    ];
  });
}
