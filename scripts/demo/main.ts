// The main job, end to end, on the example: `npm run demo`.
import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PrintedRollout } from "@lotse/core/contract";
import { DemoLoad, type Figures } from "./load.ts";
import { DemoFailure, DemoShell, expect } from "./shell.ts";
import { copyExample, edit } from "./workspace.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const tenants = ["nordlicht-records", "radio-alpenglow"] as const;
const [first, second] = tenants;
const requestsPerSecond = 200;
const slowPerSecond = 10;

async function configuration(shell: DemoShell): Promise<void> {
  shell.say("1. Validate every environment of every tenant");
  expect((await shell.lotse(["config", "validate"])).status === 0, "the example is valid");
  shell.say("2. Where does one value come from?");
  await shell.lotse(["config", "explain", "prod", "scaling.horizontal.max_replicas", "--tenant", first]);
  shell.say("3. What would one edit change?");
  await shell.lotse(["config", "set", "environments/tiers/business.yml", "plan.max_replicas", "9"]);
  const impact = await shell.lotse(["config", "impact"]);
  expect(impact.stdout.includes("max_replicas"), "the edit's impact is told");
}

/** The names of the secrets that the example's base layer refers to. */
const shared = [
  "application.secret_key",
  "jwt.secret_key",
  "oidc.client_secret",
  "openai.api_key",
  "postgresql.password",
  "redis.password",
  "sentry.dsn",
];

async function secrets(shell: DemoShell, workspace: string): Promise<void> {
  shell.say("4. Secrets: a key, and values from standard input, in files that sops opens");
  await shell.lotse(["secrets", "init"]);
  const newValue = (): string => randomBytes(24).toString("base64url");
  for (const name of shared) {
    await shell.lotse(["secrets", "set", "prod", name], { input: newValue() });
  }
  for (const tenant of tenants) {
    const own = ["secrets", "set", "prod", "spotify.api_key", "--tenant", tenant];
    await shell.lotse(own, { input: newValue() });
  }
  await shell.lotse(["secrets", "list", "prod", "--tenant", first]);
  const shown = await shell.lotse(["exec", `prod:${first}`, "--", "printenv", "SPOTIFY_API_KEY"]);
  expect(shown.stdout.trim() === "[redacted:spotify.api_key]", "a program's output hides its secrets");
  shell.say("   A file of another tenant does not pass, although sops would open it");
  const of = (tenant: string): string => join(workspace, `environments/prod/secrets/tenants/${tenant}.yml`);
  const kept = readFileSync(of(second));
  copyFileSync(of(first), of(second));
  const copied = await shell.lotse(["secrets", "verify"]);
  expect(copied.status === 1, "a copied secret file is refused");
  writeFileSync(of(second), kept);
  expect((await shell.lotse(["secrets", "verify"])).status === 0, "the secret files verify");
}

async function proof(shell: DemoShell): Promise<void> {
  shell.say(`10. Proof: does ${first} comply, and what did everybody do?`);
  await shell.lotse(["policy", "check", `prod:${first}`], { lines: 12 });
  await shell.lotse(["audit", "log", "--limit", "5"]);
  expect((await shell.lotse(["audit", "verify"])).status === 0, "the audit log verifies");
}

async function deploy(
  shell: DemoShell,
  command: readonly string[],
): Promise<{ status: number; outcome: PrintedRollout }> {
  const ended = await shell.lotse(
    [...command, ...tenants.flatMap((tenant) => ["--tenant", tenant]), "-o", "json"],
    { echo: false },
  );
  const outcome = JSON.parse(ended.stdout) as PrintedRollout;
  for (const { tenant, status, release, durationMs, reason } of outcome.tenants) {
    console.log(
      `  ${tenant}: ${status} ${release?.version ?? "nothing"} in ${Math.round(durationMs ?? 0)} ms${reason === undefined ? "" : `: ${reason.split("\n")[0]}`}`,
    );
  }
  return { status: ended.status, outcome };
}

async function release(shell: DemoShell, version: string): Promise<void> {
  const made = await shell.lotse(["release", "create", "--version", version], { lines: 1 });
  expect(made.status === 0, `release ${version} is made`);
}

async function servedVersions(urls: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    urls.map(async (url) => (await fetch(`${url}/version`)).json() as Promise<{ version: string }>),
  );
  return answers.map(({ version }) => version);
}

async function urlsOf(shell: DemoShell): Promise<readonly string[]> {
  const rows = JSON.parse((await shell.lotse(["status", "prod", "-o", "json"], { echo: false })).stdout) as {
    url: string;
  }[];
  return rows.map(({ url }) => url);
}

/** What the demo measured. */
interface Result {
  readonly phases: readonly Figures[];
  /** From the failure of 3.0.0 until it was gone. */
  readonly undoMs: number;
  /** From the start of the rollback until the switch, a tenant, on average. */
  readonly backMs: number;
}

async function rollouts(shell: DemoShell, workspace: string): Promise<Result> {
  shell.say(`5. Release 1.0.0, blue-green, to ${first} and ${second}`);
  await release(shell, "1.0.0");
  expect((await deploy(shell, ["deploy", "prod", "--release", "1.0.0"])).status === 0, "1.0.0 is deployed");
  const urls = await urlsOf(shell);
  const given = (await (await fetch(`${urls[0]}/health`)).json()) as { secrets: readonly string[] };
  console.log(`  its process was given ${given.secrets.join(", ")}`);
  expect(given.secrets.length === shared.length + 1, "the process has its secrets");
  shell.say(
    `6. Constant load from here on: ${requestsPerSecond} requests a second, and ${slowPerSecond} that take a second each`,
  );
  const load = new DemoLoad(urls, requestsPerSecond, slowPerSecond, "1.0.0 alone");
  try {
    await load.steady(requestsPerSecond * 2);
    shell.say("7. Release 2.0.0: new code, and the edited plan of step 3");
    edit(workspace, "app/src/version.js", '"1.0.0"', '"2.0.0"');
    await release(shell, "2.0.0");
    load.phase("1.0.0 → 2.0.0");
    expect((await deploy(shell, ["deploy", "prod", "--release", "2.0.0"])).status === 0, "2.0.0 is deployed");
    load.phase("2.0.0 alone");
    await load.steady(requestsPerSecond);
    shell.say("8. Release 3.0.0 reads a key that no layer has: its health check fails");
    edit(workspace, "app/src/version.js", '"2.0.0"', '"3.0.0"');
    edit(workspace, "app/src/checks.js", "max_size: most", "maximum_size: most");
    await release(shell, "3.0.0");
    load.phase("3.0.0 fails");
    const failed = await deploy(shell, ["deploy", "prod", "--release", "3.0.0"]);
    expect(failed.status === 1, "a failed rollout ends with 1");
    expect(
      (await servedVersions(urls)).every((version) => version === "2.0.0"),
      "2.0.0 keeps all traffic",
    );
    shell.say("9. Back to 1.0.0, the same bytes, although code and layers were edited since");
    load.phase("2.0.0 → 1.0.0");
    const back = await deploy(shell, ["rollback", "prod", "--to", "1.0.0"]);
    expect(back.status === 0, "the rollback succeeds");
    expect(
      (await servedVersions(urls)).every((version) => version === "1.0.0"),
      "1.0.0 has the traffic again",
    );
    load.phase("1.0.0 again");
    await load.steady(requestsPerSecond);
    const phases = await load.stop();
    return { phases, undoMs: failed.outcome.tenants[0]?.rollbackMs ?? 0, backMs: switchMs(back.outcome) };
  } catch (error) {
    await load.stop();
    throw error;
  }
}

/** How long the rollback of one tenant took, start to switched, on average. */
function switchMs({ steps, tenants: rolledBack }: PrintedRollout): number {
  const until = rolledBack.map(({ tenant }) => {
    const own = steps.filter((step) => step.tenant === tenant);
    const end = own.find(({ name }) => name === "switch")?.endedAt;
    return Date.parse(end ?? "") - Date.parse(own[0]?.startedAt ?? "");
  });
  return until.reduce((sum, ms) => sum + ms, 0) / until.length;
}

function printTable({ phases, undoMs, backMs }: Result): void {
  const sum = (of: (phase: Figures) => number): number =>
    phases.reduce((total, phase) => total + of(phase), 0);
  const rows = phases.map((phase) => [
    phase.name,
    String(phase.sent),
    String(phase.failed),
    phase.p50Ms.toFixed(1),
    phase.p99Ms.toFixed(1),
    phase.slowP99Ms.toFixed(0),
  ]);
  rows.push(["all", String(sum(({ sent }) => sent)), String(sum(({ failed }) => failed)), "", "", ""]);
  const all = [["PHASE", "REQUESTS SENT", "FAILED", "P50 MS", "P99 MS", "P99 MS, 1 S REQUESTS"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log(
    `\ntime to roll back: 3.0.0 was gone ${undoMs.toFixed(0)} ms after its failure was seen, without ever having had traffic;`,
  );
  console.log(
    `by hand, from 2.0.0 to 1.0.0, ${(backMs / 1000).toFixed(2)} s a tenant from the command to the switch`,
  );
}

async function main(): Promise<number> {
  const workspace = copyExample(root);
  const home = mkdtempSync(join(tmpdir(), "lotse-demo-home-"));
  // The user that an embedded PostgreSQL runs as must be able to enter.
  chmodSync(home, 0o711);
  const shell = new DemoShell(root, workspace, home);
  try {
    await configuration(shell);
    await secrets(shell, workspace);
    const result = await rollouts(shell, workspace);
    await proof(shell);
    shell.say("Result");
    printTable(result);
    expect(
      result.phases.every(({ failed }) => failed === 0),
      "no request fails",
    );
    return 0;
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error;
    console.error(`\nfailed: ${error.message}`);
    return 1;
  } finally {
    await shell.lotse(["stop"], { echo: false });
    for (const directory of [workspace, home]) rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
