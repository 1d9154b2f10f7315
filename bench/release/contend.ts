import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { roll } from "../../scripts/demo-hosts/releases.ts";
import { table } from "../config/report.ts";
import { load } from "../secrets/machine.ts";
import { capistrano, capistranoPackages, capistranoVersion } from "./capistrano.ts";
import type { LoadFigures } from "./hosts-load.ts";
import { LoadProcess } from "./load-process.ts";
import { aloneUrls, plainPort, restartAlone, restartAtOnce, restartInTurn, setUpPlain } from "./plain-app.ts";
import { urlsOf, type HostsLoad, type Stage } from "./stage.ts";

/** What one way to deploy did to those who sent requests. */
export interface Contender {
  readonly name: string;
  readonly deploys: number;
  readonly seconds: number;
  readonly figures: LoadFigures;
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
  const sent = (): number => ((performance.now() - from) / 1000) * (ratePerSecond + longPerSecond);
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

/** Measures all ways to deploy, one after the other. */
export async function contenders(stage: Stage): Promise<readonly Contender[]> {
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
  await sleep(5000);
  const alone = { urls: aloneUrls(bed), requests: 0, deploy: () => restartAlone(bed) };
  found.push(await contend(stage, `${restart}, one host without a balancer`, alone));
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

/** Prints what they did. */
export function printContenders(
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
