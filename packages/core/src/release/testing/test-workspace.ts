import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { request, type Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock, systemExec, type Actor } from "../../kernel/index.ts";
import { openDeployments, type DeploymentStore } from "../deployments.ts";
import type { RolloutDriver } from "../driver.ts";
import { openGate } from "../gates/open-gate.ts";
import type { TenantScope } from "../names.ts";
import { payloadsOf } from "../payload.ts";
import type { Release } from "../release.ts";
import { openReleases, type ReleaseStore } from "../store.ts";
import type { Hooks } from "../strategies/hooks.ts";
import { markedProcesses } from "../targets/process/orphans.ts";
import { ProcessTarget } from "../targets/process/process-target.ts";
import type { Target } from "../target.ts";
import { targetDriver } from "../target-driver.ts";
import { testRequest } from "./memory-driver.ts";
import { runRollout, type RunOptions, type RunOutcome } from "./run-rollout.ts";

/** Who acts in tests. */
const tester: Actor = { kind: "user", id: "tester" };

/** The environment that tests deploy to. */
export const environment = "prod";

/** A fast description of the tiny app; the variables of `tiny-app.ts` say how it behaves. */
const tinySpec = {
  type: "process",
  command: ["node", "tiny-app.ts"],
  health: { "interval-ms": 20, "timeout-ms": 1000, successes: 2, "deadline-ms": 10_000 },
  verify: { "duration-ms": 60 },
  "drain-timeout-ms": 4000,
} as const;

/** How a test deploys. */
export interface DeployOptions extends RunOptions {
  readonly tenants?: readonly string[];
  /** A built-in strategy, or the content of a file. @defaultValue `blue-green` */
  readonly strategy?: string | Readonly<Record<string, unknown>>;
  readonly force?: boolean;
  readonly id?: string;
  /** @defaultValue the workspace's process target */
  readonly target?: Target;
}

/** A workspace in a temporary directory with a process target. */
export class TestWorkspace {
  readonly directory: string;
  readonly lotse: string;
  readonly releases: ReleaseStore;
  readonly deployments: DeploymentStore;
  readonly target: ProcessTarget;
  /** Grows with each rollout, also over processes that share a workspace. */
  #fence = 0;

  /** @param directory - the workspace; `.lotse` lies in it */
  constructor(directory: string) {
    this.directory = directory;
    this.lotse = join(directory, ".lotse");
    this.releases = openReleases(this.lotse, systemClock);
    this.deployments = openDeployments(this.lotse);
    this.target = new ProcessTarget(this.lotse, systemClock);
  }

  /** Makes a new one. @param name - part of the directory's name */
  static async make(name = "w"): Promise<TestWorkspace> {
    const directory = await mkdtemp(join(tmpdir(), `lotse-${name}-`));
    const code = join(directory, "app");
    await mkdir(code);
    await copyFile(fileURLToPath(new URL("./tiny-app.ts", import.meta.url)), join(code, "tiny-app.ts"));
    return new TestWorkspace(directory);
  }

  /** Releases the tiny app. */
  async release(
    version: string,
    variables: Readonly<Record<string, string>> = {},
    tenants: readonly string[] = ["acme", "zen"],
    spec: Readonly<Record<string, unknown>> = {},
    hooks?: Hooks,
  ): Promise<Release> {
    const entries = tenants.map((tenant) => [
      tenant,
      { configText: JSON.stringify({ tenant, version }), variables },
    ]);
    const { release } = await this.releases.create(
      {
        version,
        codeDirectory: join(this.directory, "app"),
        configurations: { [environment]: Object.fromEntries(entries) as never },
        target: { ...tinySpec, ...spec },
        ...(hooks === undefined ? {} : { hooks }),
      },
      tester,
    );
    return release;
  }

  /** What carries out rollouts here. */
  driver(target: Target = this.target): RolloutDriver {
    return targetDriver({
      clock: systemClock,
      deployments: this.deployments,
      releaseOf: (id) => this.releases.get(id),
      targetFor: () => target,
      payloadFor: (release, scope) => payloadsOf(this.releases, release)(scope),
      hooksOf: ({ hooks }) => hooks ?? {},
      openGate: (spec) => openGate(spec, { clock: systemClock, exec: systemExec, directory: this.directory }),
    });
  }

  /** A newer fence than all before. */
  nextFence(): number {
    this.#fence = Math.max(this.#fence + 1, Date.now());
    return this.#fence;
  }

  /** Rolls a release out. Each rollout has a newer fence than those before. */
  deploy(release: Release, options: DeployOptions = {}): Promise<RunOutcome> {
    const fence = this.nextFence();
    const { tenants = ["acme"], strategy, force, id } = options;
    const request = testRequest({
      release,
      tenants,
      environment,
      strategy,
      force,
      id: id ?? `test-${release.version.replaceAll(".", "-")}-${fence}`,
    });
    return runRollout(this.driver(options.target), request, { fence, ...options });
  }

  /** Where a tenant is reached. */
  async url(tenant = "acme"): Promise<string> {
    const { url } = await this.target.inspect({ environment, tenant });
    if (url === null) throw new Error(`${tenant} has no address`);
    return url;
  }

  /** The version that answers, or null. */
  async versionOf(scope: TenantScope = { environment, tenant: "acme" }): Promise<string | null> {
    const { url } = await this.target.inspect(scope);
    if (url === null) return null;
    const { status, body } = await get(url);
    return status === 200 ? (JSON.parse(body) as { version: string }).version : null;
  }

  /** Ends and removes all. @throws Error when a process is left */
  async dispose(): Promise<void> {
    await this.target.stopAll();
    const left = await markedProcesses(this.lotse);
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) throw new Error(`processes are left: ${left.join(", ")}`);
  }
}

/** What a request got back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request and reads the whole answer. */
export function get(
  url: string,
  options: { method?: string; body?: string; headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, agent } = options;
    const sent = request(url, { method, headers, agent: agent ?? false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}

/** Waits until a condition holds. @throws Error after 20 seconds */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await systemClock.sleep(10);
  }
}
