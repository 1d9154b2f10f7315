import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** The root of the repository. */
export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** A home directory of the tests' own, outside every workspace. */
const home = mkdtempSync(join(tmpdir(), "lotse-home-"));
// The user that an embedded PostgreSQL runs as must be able to enter.
chmodSync(home, 0o711);
// A worker of vitest is ended without a word, so its exit is no time to tidy up.
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is run with. */
export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
}

/** Runs the built `lotse` as a user would, in a process of its own. */
export function lotse(args: readonly string[], options: RunOptions): Promise<Ended> {
  return run(process.execPath, [join(root, "packages/cli/bin/lotse.js"), ...args], options);
}

/** Runs a program with a small, known environment. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const workspace = createHash("sha256").update(options.cwd).digest("hex").slice(0, 16);
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      USER: "tester",
      LOTSE_POSTGRES_DIR: join(home, `postgres-${workspace}`),
      ...options.env,
    };
    const child = spawn(program, [...args], { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status: status ?? -1, stdout, stderr }));
  });
}

/** Copies the example into a directory of its own. */
export function copyOfExample(): { readonly directory: string; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "lotse-cli-"));
  cpSync(join(root, "examples/spotify-ai-agent"), directory, {
    recursive: true,
    filter: (path) => !/[\\/](?:node_modules|\.lotse)(?:[\\/]|$)/u.test(path.slice(root.length)),
  });
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
