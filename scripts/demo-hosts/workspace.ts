import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyExample } from "../demo/workspace.ts";
import type { HostBed } from "../host-bed/index.ts";

/** A workspace whose app goes to the hosts of a bed, in a directory with everything that belongs to it. */
export interface HostsWorkspace {
  readonly directory: string;
  /** The environment in which `lotse` runs for it. */
  readonly env: Readonly<Record<string, string>>;
  dispose(): void;
}

/** The hosts that have a balancer; another one can be cut off while requests go on. */
export const balancerHosts = ["web-1", "web-2"] as const;

const strategies = {
  careful: `# A tenth of the requests, then half of them, each for a while and judged by what users got.
strategy: canary
steps:
  - { weight: 10 }
  - { pause: 3s }
  - { gate: errors }
  - { weight: 50 }
  - { pause: 2s }
  - { gate: errors }
watch: { for: 4s, every: 2s, gates: [errors] }
gates:
  errors: { kind: requests, max-error-percent: 1, min-requests: 20, for: 2s }
old: warm
`,
  held: `# For measurements: half of the requests, until somebody ends it.
strategy: canary
steps: [{ weight: 50 }, { pause: 1h }]
`,
  ending: `# All requests at once; the release before is ended when it has answered what it has.
strategy: blue-green
old: stopped
`,
};

function targetOf(bed: HostBed): string {
  const place = ({ name, address }: HostBed["hosts"][number]): string =>
    `{ name: ${name}, internal: ${address} }`;
  const balancers = bed.hosts.filter(({ name }) => balancerHosts.some((balancer) => balancer === name));
  return `  target:
    type: host
    hosts: [${bed.hosts.map(place).join(", ")}]
    ssh: { config: ${bed.sshConfigFile}, connect-timeout-ms: 3000, answer-timeout-ms: 30000 }
    command: [node, src/server.js]
    limits: { memory-mb: 256 }
    balancer: { hosts: [${balancers.map(place).join(", ")}] }
    health: { path: /health, interval-ms: 200, timeout-ms: 2000, successes: 2, deadline-ms: 20000 }
    drain-timeout-ms: 30000
`;
}

/** Copies the example, and lets its app run on the hosts of a bed. */
export function makeHostsWorkspace(root: string, bed: HostBed): HostsWorkspace {
  const base = mkdtempSync(join(tmpdir(), "lotse-dh-"));
  // PostgreSQL does not run as root, and the user that it runs as must be able to enter.
  chmodSync(base, 0o711);
  const directory = join(base, "workspace");
  renameSync(copyExample(root), directory);
  for (const name of ["home", "r"]) mkdirSync(join(base, name), { mode: 0o700 });
  const file = join(directory, "lotse.yml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.slice(0, text.indexOf("  target:\n")) + targetOf(bed));
  mkdirSync(join(directory, "strategies"));
  for (const [name, content] of Object.entries(strategies)) {
    writeFileSync(join(directory, "strategies", `${name}.yml`), content);
  }
  const env = {
    PATH: process.env["PATH"] ?? "",
    USER: "demo",
    HOME: join(base, "home"),
    // Sockets of ssh lie there, and go with it.
    XDG_RUNTIME_DIR: join(base, "r"),
    LOTSE_POSTGRES_DIR: join(base, "postgres"),
  };
  return { directory, env, dispose: () => rmSync(base, { recursive: true, force: true }) };
}
