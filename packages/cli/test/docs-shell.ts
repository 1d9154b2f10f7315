// Runs one line of a console block: plain `lotse …` in a process that is kept (docs-host.ts), all else in bash,
// where `lotse` starts a process each time, as it does for a reader.
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Ended } from "./cli-runner.ts";
import type { HostRequest } from "./docs-host.ts";

/** How a line is run. */
export interface ShellOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A place where lines run one after the other. */
export class Shell {
  #host: Promise<ChildProcess> | undefined;

  /** Runs a line. */
  async run(line: string, options: ShellOptions): Promise<Ended> {
    const plain = plainCommand(line);
    if (plain === undefined) return await bash(line, options);
    this.#host ??= startHost(options.env);
    const host = await this.#host;
    const request: HostRequest = {
      args: plain.args,
      cwd: options.cwd,
      variables: { ...options.env, ...plain.variables },
      together: plain.together,
    };
    host.send(request);
    const [ended] = (await once(host, "message")) as [Ended];
    return plain.silent ? { ...ended, stderr: "" } : ended;
  }
}

async function startHost(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const host = fork(fileURLToPath(new URL("./docs-host.ts", import.meta.url)), {
    env,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execArgv: [],
  });
  await once(host, "message");
  host.unref();
  host.channel?.unref();
  return host;
}

interface PlainCommand {
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly together: boolean;
  readonly silent: boolean;
}

/**
 * Reads `NAME=value lotse words 'quoted words' 2>&1`; a line that holds anything else of a shell's language is
 * `undefined`.
 */
function plainCommand(line: string): PlainCommand | undefined {
  const [, command = "", redirection] = /^(.*?)(?: (2>&1|2>\/dev\/null))?$/u.exec(line) ?? [];
  const words = [...command.matchAll(/(?:'[^']*'|[^\s'"\\$`|&;<>(){}*?#!~])+/gu)].map(([word]) => word);
  if (words.join(" ") !== command) return undefined;
  // What it runs writes where the process does, so it needs one of its own.
  if (words.includes("exec")) return undefined;
  const at = words.indexOf("lotse");
  const assignments = words.slice(0, Math.max(0, at)).map((word) => /^([A-Z_]+)=(.*)$/u.exec(word));
  if (at < 0 || assignments.includes(null)) return undefined;
  const unquote = (word: string): string => word.replaceAll("'", "");
  return {
    args: words.slice(at + 1).map(unquote),
    variables: Object.fromEntries(assignments.map((found) => [found?.[1] ?? "", unquote(found?.[2] ?? "")])),
    together: redirection === "2>&1",
    silent: redirection === "2>/dev/null",
  };
}

function bash(line: string, { cwd, env }: ShellOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-o", "pipefail", "-c", line], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status: status ?? -1, stdout, stderr }));
  });
}
