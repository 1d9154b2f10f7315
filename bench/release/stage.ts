import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { printed } from "@lotse/core/contract";
import type { Cleanup } from "../../scripts/demo-hosts/cleanup.ts";
import { bump, makeRelease, makeSecrets, roll } from "../../scripts/demo-hosts/releases.ts";
import { HostsShell } from "../../scripts/demo-hosts/shell.ts";
import { balancerHosts, makeHostsWorkspace } from "../../scripts/demo-hosts/workspace.ts";
import { startHostBed, type HostBed } from "../../scripts/host-bed/index.ts";

const root = dirname(dirname(import.meta.dirname));

/** How much is measured. */
export interface HostsLoad {
  readonly requests: number;
  readonly ratePerSecond: number;
  readonly longMs: number;
  readonly longPerSecond: number;
  /** How often rollback and abort are measured. */
  readonly repeats: number;
}

/** Hosts with the app in versions 1.0.0 and 2.0.0, of which the first is deployed. */
export interface Stage {
  readonly bed: HostBed;
  readonly shell: HostsShell;
  readonly urls: readonly string[];
  /** A bare repository of the workspace, as the hosts see it. */
  readonly repository: string;
  readonly settings: HostsLoad;
  readonly cleanup: Cleanup;
}

/** Makes hosts, a workspace and two releases, and deploys the first. */
export async function stageOf(cleanup: Cleanup, settings: HostsLoad): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), "lotse-bench-release-"));
  await cleanup.add(() => rmSync(directory, { recursive: true, force: true }));
  const bare = join(directory, "app.git");
  const git = (cwd: string, ...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=bench", "-c", "user.email=bench@example.com", ...args], {
      cwd,
      stdio: "ignore",
    });
  };
  git(directory, "init", "--bare", "--initial-branch=main", bare);
  const bed = await startHostBed({ hosts: 3, mounts: { "/srv/app.git": bare } });
  await cleanup.add(() => bed.stop());
  const place = makeHostsWorkspace(root, bed);
  await cleanup.add(() => place.dispose());
  const shell = new HostsShell({ root, workspace: place.directory, env: place.env, shows: false });
  await cleanup.add(() => shell.lotse(["stop"]));
  await cleanup.add(() => shell.killAll());
  await makeSecrets(shell);
  await makeRelease(shell, "1.0.0");
  bump(place.directory, "1.0.0", "2.0.0");
  git(place.directory, "commit", "--quiet", "--all", "-m", "2.0.0");
  git(place.directory, "push", "--quiet", bare, "HEAD:main");
  await makeRelease(shell, "2.0.0");
  const { status } = await roll(shell, ["deploy", "--release", "1.0.0"]);
  if (status !== 0) throw new Error("the app could not be deployed");
  const { value } = await shell.json(["status", "prod"], printed.status);
  const port = Number(new URL(value[0]?.url ?? "").port);
  return { bed, shell, urls: urlsOf(bed, port), repository: "file:///srv/app.git", settings, cleanup };
}

/** Where the balancers take requests at a port. */
export function urlsOf(bed: HostBed, port: number): readonly string[] {
  const balancers = bed.hosts.filter(({ name }) => balancerHosts.some((balancer) => balancer === name));
  return balancers.map(({ address }) => `http://${address}:${port}`);
}
