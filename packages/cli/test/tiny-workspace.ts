import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn, type ChildProcess } from "node:child_process";
import { lotse, root, type Ended } from "./cli-runner.ts";

/** A workspace with a small app, for tests of rollouts: each test takes tenants of its own. */
export interface TinyWorkspace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command in it. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Runs a command and reads what it prints as JSON. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Starts a command and does not wait for it. */
  start(...args: readonly string[]): Started;
  /** Makes a release. @returns its version */
  release(version: string, more?: { readonly broken?: boolean }): Promise<string>;
  /** Ends everything that runs for it, and removes it. */
  dispose(): Promise<void>;
}

/** A command that runs. */
interface Started {
  readonly child: ChildProcess;
  /** What it has told so far. */
  told(): string;
  /** Waits until it has told something. */
  until(text: string): Promise<void>;
  readonly ended: Promise<{ readonly status: number | NodeJS.Signals; readonly stdout: string }>;
}

const strategies = {
  paused: "strategy: canary\nsteps: [{ weight: 10 }, { pause: 3s }]\n",
  approved: "strategy: canary\nsteps: [{ weight: 10 }, { approval: ops }]\n",
};

/**
 * Makes one.
 *
 * @param database - the URL of a shared database; an embedded one of its own if left out
 */
export function tinyWorkspace(tenants: readonly string[], database?: string): TinyWorkspace {
  const base = mkdtempSync(join(tmpdir(), "lotse-rollouts-"));
  // PostgreSQL does not run as root, and the user that it runs as must be able to enter.
  chmodSync(base, 0o711);
  const directory = join(base, "workspace");
  const env: Record<string, string> = {
    HOME: join(base, "home"),
    ...(database === undefined ? { LOTSE_POSTGRES_DIR: join(base, "postgres") } : { DATABASE_URL: database }),
  };
  mkdirSync(join(directory, "environments/tenants"), { recursive: true });
  mkdirSync(join(directory, "environments/prod"));
  mkdirSync(join(directory, "strategies"));
  mkdirSync(join(directory, "app"));
  mkdirSync(join(base, "home"));
  write(directory, tenants);
  const run = (...args: readonly string[]): Promise<Ended> => lotse(args, { cwd: directory, env });
  return {
    directory,
    env,
    run,
    json: async <T>(...args: readonly string[]) => {
      const ended = await run(...args, "-o", "json");
      if (ended.stdout === "") throw new Error(`${args.join(" ")}: ${ended.stderr}`);
      return JSON.parse(ended.stdout) as T;
    },
    start: (...args) => start(args, directory, env),
    release: async (version, { broken = false } = {}) => {
      copyFileSync(
        join(root, "packages/core/src/release/testing/tiny-app.ts"),
        join(directory, "app/tiny-app.ts"),
      );
      if (broken) writeFileSync(join(directory, "app/tiny-app.ts"), "process.exit(3);\n");
      const ended = await run("release", "create", "--version", version);
      if (ended.status !== 0) throw new Error(ended.stderr);
      return version;
    },
    dispose: async () => {
      await run("stop");
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function write(directory: string, tenants: readonly string[]): void {
  const files: Record<string, string> = {
    "lotse.yml": `version: 1
schema: schema.yml
environments: { prod: {} }
app:
  code: app
  target:
    type: process
    command: [node, tiny-app.ts]
    health: { interval-ms: 20, timeout-ms: 1000, successes: 2, deadline-ms: 10000 }
    verify: { duration-ms: 60 }
    drain-timeout-ms: 4000
`,
    "schema.yml": "type: object\nproperties:\n  name: { type: string, description: What it is called. }\n",
    "environments/base.yml": "name: tiny\n",
    "environments/prod/prod.yml": "name: prod\n",
    ...Object.fromEntries(
      tenants.map((tenant) => [`environments/tenants/${tenant}.yml`, `name: ${tenant}\n`]),
    ),
    ...Object.fromEntries(Object.entries(strategies).map(([name, text]) => [`strategies/${name}.yml`, text])),
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
}

function start(args: readonly string[], cwd: string, more: Readonly<Record<string, string>>): Started {
  const env = { PATH: process.env["PATH"] ?? "", USER: "tester", ...more };
  const child = spawn(process.execPath, [join(root, "packages/cli/bin/lotse.js"), ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const ended = new Promise<{ status: number | NodeJS.Signals; stdout: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status: status ?? signal ?? -1, stdout }));
  });
  let over = false;
  void ended.then(() => (over = true));
  return {
    child,
    ended,
    told: () => stderr,
    until: async (text) => {
      while (!stderr.includes(text)) {
        if (over) throw new Error(`it ended without telling ${text}: ${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}
