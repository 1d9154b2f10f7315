import { spawn } from "node:child_process";
import { tenant } from "../../scripts/demo-hosts/releases.ts";
import { balancerHosts } from "../../scripts/demo-hosts/workspace.ts";
import type { HostBed } from "../../scripts/host-bed/index.ts";

/** Where the balancers take requests for the plain service. */
export const plainPort = 19_000;

const servicePort = 19_001;
const lotseHome = `/var/lib/lotse/tenants/prod/${tenant}`;

const unit = `[Unit]
Description=The same app as a plain service
[Service]
Type=exec
ExecStart=/usr/local/bin/node src/server.js
WorkingDirectory=/srv/plain/current
EnvironmentFile=/srv/plain/env
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec=30
`;

function balancerFile(bed: HostBed): string {
  const servers = bed.hosts.map(
    ({ name, address }) => `  server ${name} ${address}:${servicePort} check inter 1s fall 3 rise 1`,
  );
  return [
    "frontend plain",
    "  mode http",
    `  bind *:${plainPort}`,
    "  option http-keep-alive",
    "  default_backend plain",
    "backend plain",
    "  mode http",
    "  option redispatch",
    "  option forwardfor",
    "  balance roundrobin",
    "  option httpchk GET /health",
    ...servers,
    "",
  ].join("\n");
}

/**
 * Sets up the app that Lotse has deployed a second time, as a plain service with the same variables, behind the
 * same balancers with the same settings.
 */
export async function setUpPlain(bed: HostBed): Promise<void> {
  for (const { name, address } of bed.hosts) {
    const script = [
      "set -e",
      "mkdir -p /srv/plain/releases",
      `slot=$(ls -d ${lotseHome}/slots/*/ | head -n 1)`,
      `code=$(ls -d ${lotseHome}/releases/*/code | head -n 1)`,
      "cp -a $code /srv/plain/releases/first",
      "ln -sfn releases/first /srv/plain/current",
      `sed -e 's/^PORT=.*/PORT="${servicePort}"/' -e 's/^HOST=.*/HOST="${address}"/' $slot/.env >/srv/plain/env`,
      "config=$(sed -n 's/^LOTSE_CONFIG=\"\\(.*\\)\"$/\\1/p' /srv/plain/env)",
      "cp $config /srv/plain/config.json",
      "sed -i 's|^LOTSE_CONFIG=.*|LOTSE_CONFIG=\"/srv/plain/config.json\"|' /srv/plain/env",
      `printf '%s' '${unit}' >/etc/systemd/system/plain.service`,
      "systemctl daemon-reload",
      "systemctl enable --now --quiet plain.service",
    ];
    await bed.exec(name, ["sh", "-c", script.join("\n")]);
  }
  for (const name of balancerHosts) {
    const script = `printf '%s' '${balancerFile(bed)}' >/etc/haproxy/lotse.d/plain.cfg && systemctl reload haproxy`;
    await bed.exec(name, ["sh", "-c", script]);
  }
}

/** Runs a command on a host by ssh, as a script would. */
function overSsh(bed: HostBed, host: string, command: string): Promise<void> {
  return ended("ssh", ["-F", bed.sshConfigFile, host, command], process.cwd());
}

/** Where the first host itself takes requests. */
export function aloneUrls({ hosts }: HostBed): readonly string[] {
  return hosts.slice(0, 1).map(({ address }) => `http://${address}:${servicePort}`);
}

/** Restarts it on the first host. */
export async function restartAlone(bed: HostBed): Promise<void> {
  for (const { name } of bed.hosts.slice(0, 1)) await overSsh(bed, name, "systemctl restart plain");
}

/** Restarts it on one host after the other. */
export async function restartInTurn(bed: HostBed): Promise<void> {
  for (const { name } of bed.hosts) await overSsh(bed, name, "systemctl restart plain");
}

/** Restarts it on all hosts at the same time. */
export async function restartAtOnce(bed: HostBed): Promise<void> {
  await Promise.all(bed.hosts.map(({ name }) => overSsh(bed, name, "systemctl restart plain")));
}

/** Runs a program to its end. @throws Error where it fails, with what it wrote last */
export function ended(program: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let words = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2000)));
    }
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${program} ended with ${status}: ${words}`));
    });
  });
}
