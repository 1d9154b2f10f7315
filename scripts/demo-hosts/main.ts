// The example on three real hosts with systemd, sshd and HAProxy, under load: `npm run demo:hosts`. As root.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { printed } from "@lotse/core/contract";
import { DemoFailure, expect } from "../demo/shell.ts";
import { startHostBed, type HostBed } from "../host-bed/index.ts";
import {
  badReleases,
  canary,
  deadWorker,
  lostHost,
  warmRollback,
  type Stage,
  type Times,
} from "./chapters.ts";
import { withCleanup, type Cleanup } from "./cleanup.ts";
import { makeRelease, makeSecrets, roll, tenant } from "./releases.ts";
import { failuresOf, printFigures, printTimes } from "./report.ts";
import { HostsShell } from "./shell.ts";
import { Traffic, type PhaseFigures } from "./traffic.ts";
import { balancerHosts, makeHostsWorkspace } from "./workspace.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const rates = { quick: 100, slow: 5 };

async function hosts(cleanup: Cleanup): Promise<HostBed> {
  console.log("1. Three hosts with systemd, sshd and HAProxy (the first time this builds their file system)");
  const bed = await startHostBed({ hosts: 3 });
  await cleanup.add(() => bed.stop());
  for (const { name, address } of bed.hosts) console.log(`  ${name}  ${address}`);
  return bed;
}

/** Where the tenant is reached: on every balancer at the same port. */
async function urlsOf(shell: HostsShell, bed: HostBed): Promise<readonly string[]> {
  const { value } = await shell.json(["status", "prod"], printed.status);
  const port = new URL(value[0]?.url ?? "").port;
  const found = bed.hosts.filter(({ name }) => balancerHosts.some((balancer) => balancer === name));
  return found.map(({ address }) => `http://${address}:${port}`);
}

async function first(shell: HostsShell): Promise<void> {
  shell.say(`2. Release 1.0.0, signed, blue-green to ${tenant} on three hosts`);
  await makeSecrets(shell);
  await makeRelease(shell, "1.0.0");
  expect((await shell.lotse(["release", "verify", "1.0.0"])).status === 0, "the release verifies");
  expect((await roll(shell, ["deploy", "--release", "1.0.0"])).status === 0, "1.0.0 is deployed");
  await shell.lotse(["status", "prod"]);
}

async function chapters(stage: Stage, times: Times): Promise<readonly PhaseFigures[]> {
  try {
    await stage.traffic.steady(rates.quick * 2);
    for (const chapter of [canary, warmRollback, badReleases, deadWorker, lostHost])
      await chapter(stage, times);
    return await ended(stage, times);
  } catch (error) {
    // What happened until then is told as well.
    await ended(stage, times);
    throw error;
  }
}

async function ended({ traffic, shell }: Stage, times: Times): Promise<readonly PhaseFigures[]> {
  const phases = await traffic.stop();
  shell.say("Result");
  printFigures(phases);
  if (times.size > 0) printTimes(times);
  return phases;
}

async function demo(cleanup: Cleanup): Promise<number> {
  try {
    const bed = await hosts(cleanup);
    const place = makeHostsWorkspace(root, bed);
    await cleanup.add(() => place.dispose());
    const shell = new HostsShell({ root, workspace: place.directory, env: place.env });
    await cleanup.add(() => shell.lotse(["stop"], { lines: 0 }));
    await cleanup.add(() => shell.killAll());
    await first(shell);
    const urls = await urlsOf(shell, bed);
    shell.tell(
      `\nFrom here on: ${rates.quick} requests a second and ${rates.slow} that take a second each, to`,
    );
    shell.tell(urls.join("\n"));
    const traffic = new Traffic(urls, rates, "1.0.0 alone");
    await cleanup.add(() => void traffic.stop());
    const times: Times = new Map();
    const phases = await chapters({ shell, bed, workspace: place.directory, traffic }, times);
    shell.say("9. What did everybody do?");
    await shell.lotse(["audit", "log", "--log", "database", "--limit", "8"]);
    expect((await shell.lotse(["audit", "verify"])).status === 0, "the audit log verifies");
    const failures = failuresOf(phases);
    expect(failures === 0, `no request fails that must not (${failures} did)`);
    console.log("\npassed: no request failed that must not, and everything promised is so");
    return 0;
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    console.error(`\nfailed: ${error.message}`);
    return 1;
  }
}

process.exitCode = await withCleanup(demo);
