import { printed } from "@lotse/core/contract";
import type { HostBed } from "../host-bed/index.ts";
import { expect } from "../demo/shell.ts";
import { edit } from "../demo/workspace.ts";
import { bump, endOf, makeRelease, roll, tenant, untilStep } from "./releases.ts";
import type { HostsShell } from "./shell.ts";
import type { Traffic } from "./traffic.ts";

/** What the chapters of the demo work with. */
export interface Stage {
  readonly shell: HostsShell;
  readonly bed: HostBed;
  readonly workspace: string;
  readonly traffic: Traffic;
}

/** Times that the demo measured, in milliseconds, by what they are of. */
export type Times = Map<string, number>;

/** A share of the requests at a time, judged in between, and then all of them. */
export async function canary({ shell, workspace, traffic }: Stage, times: Times): Promise<void> {
  shell.say("3. Release 2.0.0 as a canary: 10 %, 50 %, all; a gate looks at its answers each time");
  bump(workspace, "1.0.0", "2.0.0");
  await makeRelease(shell, "2.0.0");
  traffic.phase("1.0.0 → 2.0.0, canary");
  const { status, rollout } = await roll(shell, ["deploy", "--release", "2.0.0", "--strategy", "careful"]);
  expect(status === 0, "2.0.0 is deployed");
  times.set("canary with pauses and gates, start to end", rollout.tenants[0]?.durationMs ?? Number.NaN);
  traffic.phase("2.0.0 alone");
  await traffic.steady(200);
}

/** Back to what still runs, and forth again. */
export async function warmRollback({ shell, traffic }: Stage, times: Times): Promise<void> {
  shell.say("4. Back to 1.0.0, which still runs beside it");
  traffic.phase("2.0.0 → 1.0.0, warm");
  const since = performance.now();
  const back = await roll(shell, ["rollback", "--to", "1.0.0"]);
  expect(back.status === 0, "the rollback succeeds");
  times.set("rollback, from the command until the last request to 2.0.0", traffic.lastOther("1.0.0", since));
  times.set(
    "rollback, from handing it over until all balancers had switched",
    untilStep(back.rollout, "switch"),
  );
  traffic.phase("1.0.0 → 2.0.0, warm");
  expect((await roll(shell, ["deploy", "--release", "2.0.0"])).status === 0, "2.0.0 is deployed again");
}

/** A release that does not become healthy, and one that does and answers badly. */
export async function badReleases({ shell, workspace, traffic }: Stage, times: Times): Promise<void> {
  shell.say("5. Release 3.0.0 reads a key that no layer has: it never becomes healthy, and gets no request");
  bump(workspace, "2.0.0", "3.0.0");
  edit(workspace, "app/src/checks.js", "max_size: most", "maximum_size: most");
  await makeRelease(shell, "3.0.0");
  traffic.phase("3.0.0 fails its health");
  const since = performance.now();
  const ill = await roll(shell, ["deploy", "--release", "3.0.0", "--strategy", "careful"]);
  expect(ill.status === 1, "a rollout that failed ends with 1");
  expect(traffic.lastOther("2.0.0", since) === 0, "2.0.0 keeps all requests");
  shell.say(
    "6. Release 3.1.0 is healthy and answers one address with 500: its gate sees that, and it goes back",
  );
  edit(workspace, "app/src/checks.js", "maximum_size: most", "max_size: most");
  edit(workspace, "app/src/routes.js", '["/recommend", recommendations]', '["/recommend", broken]');
  appendRoute(workspace);
  bump(workspace, "3.0.0", "3.1.0");
  await makeRelease(shell, "3.1.0");
  traffic.phase("3.1.0 fails its gate", "the tenth of the requests that the canary got");
  const begun = performance.now();
  const bad = await roll(shell, ["deploy", "--release", "3.1.0", "--strategy", "careful"]);
  expect(bad.status === 1, "a rollout that failed its gate ends with 1");
  const { rollbackMs } = bad.rollout.tenants[0] ?? {};
  times.set("failed gate until everything was put back", rollbackMs ?? Number.NaN);
  expect(traffic.lastOf("3.1.0", begun) > 0, "the canary had requests");
  traffic.phase("2.0.0 alone again");
  await traffic.steady(200);
}

function appendRoute(workspace: string): void {
  const wrong = `
/** @type {Route} */
function broken() {
  return failure(500, "broken", "this release is wrong");
}

/** @type {Route} */
function recommendations(`;
  edit(workspace, "app/src/routes.js", "\n/** @type {Route} */\nfunction recommendations(", wrong);
}

/** The process that deploys dies in the middle, and another one goes on. */
export async function deadWorker({ shell, workspace, traffic }: Stage, times: Times): Promise<void> {
  shell.say(
    "7. Release 4.0.0; the process that deploys it is killed by SIGKILL at 10 %, and another one goes on",
  );
  edit(workspace, "app/src/routes.js", '["/recommend", broken]', '["/recommend", recommendations]');
  bump(workspace, "3.1.0", "4.0.0");
  await makeRelease(shell, "4.0.0");
  traffic.phase("4.0.0, worker killed");
  const dying = shell.start(["deploy", `prod:${tenant}`, "--release", "4.0.0", "--strategy", "careful"]);
  await dying.until("weight.10");
  dying.kill();
  const { stderr } = await dying.ended;
  const since = performance.now();
  const id = /^rollout (\S+)$/mu.exec(stderr)?.[1] ?? "";
  shell.tell(`  killed; ${id} is half done`);
  await shell.lotse(["worker", "--idle", "1s"]);
  const { value } = await shell.json(["status", id], printed.rollout);
  shell.tell(`  ${endOf(value)}`);
  expect(value.state === "deployed", "another worker finishes the rollout");
  const repeated = value.steps.filter(({ kind, attempts }) => kind === "act" && attempts > 1);
  shell.tell(`  steps that were begun twice: ${repeated.map(({ name }) => name).join(", ") || "none"}`);
  times.set("SIGKILL of the worker until another one had finished", performance.now() - since);
  traffic.phase("4.0.0 alone");
  await traffic.steady(200);
}

/** A host is gone in the middle: what is not known is told, and made good later. */
export async function lostHost({ shell, bed, workspace, traffic }: Stage, times: Times): Promise<void> {
  shell.say("8. Release 5.0.0; web-3 loses its network at 10 %");
  bump(workspace, "4.0.0", "5.0.0");
  await makeRelease(shell, "5.0.0");
  traffic.phase("5.0.0, web-3 cut off", "those on web-3, until the balancers had seen that it is gone");
  const deploying = shell.start(["deploy", `prod:${tenant}`, "--release", "5.0.0", "--strategy", "careful"]);
  await deploying.until("weight.10");
  await bed.disconnect("web-3");
  const since = performance.now();
  shell.tell("  web-3 is off the network");
  const { status, stdout } = await deploying.ended;
  shell.tell(stdout.trimEnd());
  shell.tell(`  exit status ${status}`);
  expect(status !== 0, "a rollout that left a host behind does not end with 0");
  times.set("host cut off until the rollout had ended", performance.now() - since);
  await shell.lotse(["status", "prod"]);
  await bed.connect("web-3");
  shell.tell("  web-3 is back");
  traffic.phase("5.0.0 once more");
  const again = await roll(shell, ["deploy", "--release", "5.0.0", "--strategy", "careful"]);
  expect(again.status === 0, "5.0.0 is deployed when all hosts are there");
  traffic.phase("5.0.0 alone");
  await traffic.steady(200);
}
