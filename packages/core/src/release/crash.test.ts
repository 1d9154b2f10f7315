import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Release } from "./release.ts";
import { startLoad } from "./testing/load.ts";
import { environment, get, TestWorkspace, until } from "./testing/test-workspace.ts";

const child = fileURLToPath(new URL("./testing/crash-child.ts", import.meta.url));
const scope = { environment, tenant: "acme" };
const strategy = { strategy: "blue-green", old: "removed" };
const stepNames = ["prepare", "start", "wait-healthy", "switch", "verify", "drain-old", "retire-old"];

/** Deploys in a process that dies; resolves with the signal it died by. */
async function deployAndDie(
  directory: string,
  version: string,
  type: string,
  step: string,
): Promise<unknown> {
  const deploying = spawn(process.execPath, [child, directory, version, type, step], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [, signal] = (await once(deploying, "exit")) as [number | null, string | null];
  return signal;
}

describe("the deploying process dies", () => {
  let workspace: TestWorkspace;
  const releases: Record<string, Release> = {};
  let now = "1.0.0";

  beforeAll(async () => {
    workspace = await TestWorkspace.make("crash");
    for (const version of ["1.0.0", "2.0.0"])
      releases[version] = await workspace.release(version, {}, ["acme"]);
    await workspace.deploy(releases[now] as Release);
  });
  afterAll(() => workspace.dispose());

  for (const type of ["step-started", "step-finished"] as const) {
    for (const step of stepNames) {
      it(`at ${type} ${step}`, async () => {
        const next = now === "1.0.0" ? "2.0.0" : "1.0.0";
        const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 50 });
        expect(await deployAndDie(workspace.directory, next, type, step)).toBe("SIGKILL");
        // The switch is the commit point, and the process dies at its own word, not at the supervisor's.
        const switched =
          stepNames.indexOf(step) > stepNames.indexOf("switch") ||
          (step === "switch" && type === "step-finished");
        expect(await workspace.versionOf()).toBe(switched ? next : now);
        // The next rollout takes the lock over, clears up, and goes through.
        const outcome = await workspace.deploy(releases[next] as Release, { strategy });
        const { total } = await load.stop();
        expect(outcome.tenants[0]?.status).toBe(switched ? "up-to-date" : "deployed");
        expect(outcome.tenants[0]?.reason).toBeUndefined();
        const { colours } = await workspace.target.inspect(scope);
        // Where the rollout got past the switch there is nothing left to do, and the old release may stay as it is.
        const found = colours.map(({ version, state }) => `${version} ${state}`);
        if (switched) expect(found).toContain(`${next} running`);
        else expect(found).toEqual([`${next} running`]);
        const { history, pending, current } = await workspace.deployments.read(scope);
        expect([pending, current?.version]).toEqual([null, next]);
        const ended = history.find(({ rollout }) => rollout === `crash-${type}-${step}`);
        // Nothing was written down yet when the first step began, and all was when the last had ended.
        if (step !== "prepare" || type !== "step-started") {
          expect(ended?.status).toBe(switched ? "recovered" : "interrupted");
        }
        expect(total).toMatchObject({ failed: 0, reasons: {} });
        now = next;
      });
    }
  }
});

describe("the deploying process dies at any moment", () => {
  it("never leaves anything in between", async () => {
    const workspace = await TestWorkspace.make("anytime");
    try {
      const versions = ["1.0.0", "2.0.0"] as const;
      for (const version of versions) await workspace.release(version, {}, ["acme"]);
      await workspace.deploy(await workspace.releases.get("1.0.0"));
      for (let delayMs = 200; delayMs <= 800; delayMs += 100) {
        const before = await workspace.versionOf();
        const next = versions.find((version) => version !== before) ?? "1.0.0";
        const load = startLoad({ urls: [await workspace.url()], ratePerSecond: 50 });
        const deploying = spawn(process.execPath, [child, workspace.directory, next, "never", "never"], {
          stdio: "ignore",
        });
        setTimeout(() => deploying.kill("SIGKILL"), delayMs);
        await once(deploying, "exit");
        expect([before, next]).toContain(await workspace.versionOf());
        await workspace.deploy(await workspace.releases.get(next), { strategy });
        expect(await workspace.versionOf()).toBe(next);
        expect((await load.stop()).total).toMatchObject({ failed: 0, reasons: {} });
      }
    } finally {
      await workspace.dispose();
    }
  });
});

describe("the supervisor dies in a rollout", () => {
  let workspace: TestWorkspace;
  const releases: Record<string, Release> = {};
  let now = "1.0.0";

  beforeAll(async () => {
    workspace = await TestWorkspace.make("crash2");
    for (const version of ["1.0.0", "2.0.0"])
      releases[version] = await workspace.release(version, {}, ["acme"]);
    await workspace.deploy(releases[now] as Release);
  });
  afterAll(() => workspace.dispose());

  // Where it dies after the switch, the new process has to start again, and that is not a good verify.
  it.each([
    ["start", "rolled-back"],
    ["wait-healthy", "rolled-back"],
    ["switch", "rolled-back"],
    ["retire-old", "deployed"],
  ] as const)("at the beginning of %s: %s", async (step, status) => {
    const next = now === "1.0.0" ? "2.0.0" : "1.0.0";
    const record = await readFile(join(workspace.lotse, "run/supervisor.json"), "utf8");
    const url = await workspace.url();
    const outcome = await workspace.deploy(releases[next] as Release, {
      strategy,
      onStep: (name) => {
        if (name !== step) return;
        process.kill((JSON.parse(record) as { process: { pid: number } }).process.pid, "SIGKILL");
      },
    });
    expect(outcome.tenants[0]?.status).toBe(status);
    if (status === "deployed") now = next;
    await until("the release answers", async () => (await get(url).catch(() => null))?.status === 200);
    expect(await workspace.url()).toBe(url);
    expect(await workspace.versionOf()).toBe(now);
    const { colours } = await workspace.target.inspect(scope);
    expect(colours.map(({ version }) => version)).toEqual([now]);
  });

  it("keeps the choice of a switch that nobody heard the answer of", async () => {
    const next = now === "1.0.0" ? "2.0.0" : "1.0.0";
    const record = await readFile(join(workspace.lotse, "run/supervisor.json"), "utf8");
    const outcome = await workspace.deploy(releases[next] as Release, {
      strategy,
      onDone: (name) => {
        if (name !== "switch") return;
        process.kill((JSON.parse(record) as { process: { pid: number } }).process.pid, "SIGKILL");
      },
    });
    const end = outcome.tenants[0]?.status === "deployed" ? next : now;
    expect(outcome.tenants[0]?.status).toMatch(/^(?:deployed|rolled-back)$/u);
    expect(await workspace.versionOf()).toBe(end);
    expect((await workspace.deployments.read(scope)).current?.version).toBe(end);
  });
});
