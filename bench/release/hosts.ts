import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PrintedRollout } from "@lotse/core/contract";
import type { Cleanup } from "../../scripts/demo-hosts/cleanup.ts";
import { bump, makeRelease, makeSecrets, roll, tenant } from "../../scripts/demo-hosts/releases.ts";
import { HostsShell } from "../../scripts/demo-hosts/shell.ts";
import { balancerHosts, makeHostsWorkspace } from "../../scripts/demo-hosts/workspace.ts";
import { VersionWatch } from "../../scripts/demo-hosts/traffic.ts";
import { startHostBed, type HostBed } from "../../scripts/host-bed/index.ts";
import { table } from "../config/report.ts";
import { load } from "../secrets/machine.ts";
import { capistrano, capistranoPackages, capistranoVersion } from "./capistrano.ts";
import type { LoadFigures } from "./hosts-load.ts";
import { LoadProcess } from "./load-process.ts";
import { plainPort, restartAtOnce, restartInTurn, setUpPlain } from "./plain-app.ts";

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
interface Stage {
  readonly bed: HostBed;
  readonly shell: HostsShell;
  readonly urls: readonly string[];
  /** A bare repository of the workspace, as the hosts see it. */
  readonly repository: string;
  readonly settings: HostsLoad;
  readonly cleanup: Cleanup;
}

/** What one way to deploy did to those who sent requests. */
interface Contender {
  readonly name: string;
  readonly deploys: number;
  readonly seconds: number;
  readonly figures: LoadFigures;
}

async function stageOf(cleanup: Cleanup, settings: HostsLoad): Promise<Stage> {
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
  const { value } = await shell.json<{ url: string | null }[]>(["status", "prod"]);
  const port = Number(new URL(value[0]?.url ?? "").port);
  return { bed, shell, urls: urlsOf(bed, port), repository: "file:///srv/app.git", settings, cleanup };
}

function urlsOf(bed: HostBed, port: number): readonly string[] {
  const balancers = bed.hosts.filter(({ name }) => balancerHosts.some((balancer) => balancer === name));
  return balancers.map(({ address }) => `http://${address}:${port}`);
}

/** Deploys again and again, at least once forth and back, until so many requests were sent. */
async function contend(
  stage: Stage,
  name: string,
  {
    urls,
    requests,
    deploy,
  }: {
    readonly urls: readonly string[];
    readonly requests: number;
    readonly deploy: (round: number) => Promise<void>;
  },
): Promise<Contender> {
  const { settings, cleanup } = stage;
  console.error(`measuring: ${name}`);
  const { ratePerSecond, longMs, longPerSecond } = settings;
  const loading = new LoadProcess({ urls, ratePerSecond, longMs, longPerSecond });
  await cleanup.add(() => loading.kill());
  const from = performance.now();
  const sent = (): number =>
    ((performance.now() - from) / 1000) * (ratePerSecond + longPerSecond);
  // Long requests of the time before are under way at the first switch, and of the time between at the others.
  await sleep(longMs / 2);
  let deploys = 0;
  const times: number[] = [];
  while (deploys < 2 || deploys % 2 === 1 || sent() < requests) {
    const begun = performance.now();
    await deploy(deploys);
    times.push((performance.now() - begun) / 1000);
    deploys += 1;
  }
  const [figures] = await loading.stop();
  if (figures === undefined) throw new Error("the load told nothing");
  const seconds = times.reduce((sum, each) => sum + each, 0) / times.length;
  return { name, deploys, seconds, figures };
}

async function contenders(stage: Stage): Promise<readonly Contender[]> {
  const { bed, shell, urls, settings } = stage;
  const found: Contender[] = [];
  const deploy = async (round: number): Promise<void> => {
    const version = round % 2 === 0 ? "2.0.0" : "1.0.0";
    const { status, rollout } = await roll(shell, ["deploy", "--release", version, "--strategy", "ending"]);
    if (status !== 0) throw new Error(`${version}: ${rollout.tenants[0]?.reason ?? "not deployed"}`);
  };
  found.push(await contend(stage, "Lotse, v1→v2→v1…", { urls, requests: settings.requests, deploy }));
  await setUpPlain(bed);
  await sleep(5000);
  const plain = { urls: urlsOf(bed, plainPort), requests: 0 };
  const restart = "systemctl restart";
  found.push(
    await contend(stage, `${restart}, one host after the other`, {
      ...plain,
      deploy: () => restartInTurn(bed),
    }),
  );
  await sleep(5000);
  found.push(
    await contend(stage, `${restart}, all hosts at once`, { ...plain, deploy: () => restartAtOnce(bed) }),
  );
  const version = capistranoVersion();
  if (version === null)
    console.error(`not measured: Capistrano (apt-get install --yes ${capistranoPackages})`);
  else {
    await sleep(5000);
    const directory = mkdtempSync(join(tmpdir(), "lotse-bench-cap-"));
    await stage.cleanup.add(() => rmSync(directory, { recursive: true, force: true }));
    const cap = capistrano(bed, directory, stage.repository);
    found.push(await contend(stage, `Capistrano ${version}, restart in sequence`, { ...plain, deploy: cap }));
  }
  return found;
}

function printContenders(
  all: readonly Contender[],
  { ratePerSecond, longMs, longPerSecond }: HostsLoad,
): void {
  const inFlight = (longMs / 1000) * longPerSecond;
  console.log(
    `\nThree hosts, ${ratePerSecond} requests a second through HAProxy on two of them, and ${inFlight} requests of ${longMs / 1000} s under way all the time; ${load()}\n`,
  );
  const headings = [
    "",
    "deploys",
    "s each",
    "requests",
    "failed",
    "resets",
    `of ${longMs / 1000} s`,
    "failed",
    "longest gap ms",
    "p50 ms",
    "p99 ms",
  ];
  const rows = all.map(({ name, deploys, seconds, figures }) => [
    name,
    String(deploys),
    seconds.toFixed(1),
    String(figures.sent),
    String(figures.failed),
    String(figures.resets),
    String(figures.long.sent),
    String(figures.long.failed),
    figures.longestGapMs.toFixed(0),
    figures.p50Ms.toFixed(1),
    figures.p99Ms.toFixed(1),
  ]);
  console.log(table(headings, rows));
  for (const { name, figures } of all) {
    for (const [reason, count] of Object.entries(figures.reasons))
      console.log(`${name}: ${count} × ${reason}`);
  }
}

/** How fast traffic moves, each time in milliseconds. */
interface Moves {
  /** From the command until the last request to the release that is left. */
  readonly command: number[];
  /** From handing the rollout over, or from the abort, until the balancers had switched. */
  readonly worker: number[];
}

async function warmRollbacks({ shell, urls, settings }: Stage): Promise<Moves> {
  const moves: Moves = { command: [], worker: [] };
  for (let round = 0; round < settings.repeats; round++) {
    await roll(shell, ["deploy", "--release", "2.0.0"]);
    const watch = new VersionWatch(urls);
    await sleep(500);
    const since = performance.now();
    const { status, rollout } = await roll(shell, ["rollback", "--to", "1.0.0"]);
    watch.stop();
    if (status !== 0) throw new Error("the rollback failed");
    moves.command.push(watch.last((version) => version === "2.0.0", since));
    const ended = rollout.steps.find(({ name }) => name === "switch")?.endedAt ?? "";
    moves.worker.push(Date.parse(ended) - Date.parse(rollout.createdAt));
  }
  return moves;
}

async function aborts({ shell, urls, settings }: Stage): Promise<Moves> {
  const moves: Moves = { command: [], worker: [] };
  for (let round = 0; round < settings.repeats; round++) {
    const canary = shell.start(["deploy", `prod:${tenant}`, "--release", "2.0.0", "--strategy", "held"]);
    await canary.until("weight.50");
    const watch = new VersionWatch(urls);
    await sleep(1000);
    const since = performance.now();
    const id = await openRollout(shell);
    const asked = performance.now();
    const at = Date.now();
    await shell.lotse(["abort", id]);
    await canary.ended;
    watch.stop();
    moves.command.push(watch.last((version) => version === "2.0.0", since) - (asked - since));
    const { value } = await shell.json<PrintedRollout>(["status", id]);
    const undone = value.steps.find(({ name }) => name === "restore");
    moves.worker.push(Date.parse(undone?.endedAt ?? "") - at);
  }
  return moves;
}

async function openRollout(shell: HostsShell): Promise<string> {
  const { value } = await shell.json<PrintedRollout[]>(["status", "--rollouts"]);
  const [first] = value;
  if (first === undefined) throw new Error("no rollout is under way");
  return first.id;
}

function printMoves(rows: readonly (readonly [string, readonly number[]])[]): void {
  console.log(`\nHow fast traffic moves (aim: < 2000 ms); ${load()}\n`);
  const cells = rows.map(([name, times]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return [name, middle.toFixed(0), (sorted.at(-1) ?? Number.NaN).toFixed(0), String(sorted.length)];
  });
  console.log(table(["", "median ms", "worst ms", "times"], cells));
}

/**
 * Measures deployments to real hosts, and prints tables.
 *
 * @returns how many requests failed, or were reset, while Lotse deployed
 */
export async function hosts(settings: HostsLoad, cleanup: Cleanup): Promise<number> {
  const stage = await stageOf(cleanup, settings);
  const back = await warmRollbacks(stage);
  const aborted = await aborts(stage);
  printMoves([
    ["rollback to a warm release, from the command until the last request to the other", back.command],
    ["the same, from handing it over until all balancers had switched", back.worker],
    ["abort of a canary at 50 %, from the command until its last request", aborted.command],
    ["the same, until all balancers had switched", aborted.worker],
  ]);
  const all = await contenders(stage);
  printContenders(all, settings);
  return all[0] === undefined ? 0 : all[0].figures.failed;
}
