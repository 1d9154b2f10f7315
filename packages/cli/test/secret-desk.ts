import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createColors } from "picocolors";
import type { Context } from "../src/context.ts";
import { main } from "../src/main.ts";
import { root, type Ended } from "./cli-runner.ts";

/** What a command is given besides its arguments. */
export interface Given {
  /** Standard input. */
  readonly input?: string;
  /** What a person types at each question; with it there is a terminal. */
  readonly answers?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** Relative to the desk. @defaultValue the workspace */
  readonly cwd?: string;
}

/** A process that was started, with what is known of it while it runs. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Waits until the process has written this text. */
  readonly says: (text: string) => Promise<void>;
  readonly write: (text: string) => void;
  readonly end: () => void;
}

const program = join(root, "packages/cli/bin/lotse.js");

const workspaceFile = `version: 1
name: shop
environments: { dev: {}, prod: { aliases: [production] } }
`;

const configuration = `api:
  key: \${secret:spotify#api_key}
  url: https://u:\${secret:db/main#password}@host
logging: { level: info }
`;

/**
 * A workspace with environments `dev` and `prod` and tenants `acme` and `globex`, in a temporary directory with
 * a home of its own, and `lotse` on the PATH of what runs there.
 */
export class SecretDesk {
  readonly root: string;
  /** The workspace, absolute. */
  readonly directory: string;
  readonly home: string;

  /** @param inside - where the workspace is, relative to the desk */
  constructor(inside = "ws") {
    this.root = mkdtempSync(join(tmpdir(), "lotse-desk-"));
    this.directory = join(this.root, inside);
    this.home = join(this.root, "home");
    mkdirSync(this.home);
    this.write("lotse.yml", workspaceFile);
    for (const environment of ["dev", "prod"]) {
      this.write(`environments/${environment}/${environment}.yml`, configuration);
    }
    for (const tenant of ["acme", "globex"]) {
      this.write(`environments/tenants/${tenant}.yml`, `tenant: { id: ${tenant} }\n`);
    }
    this.writeAt(join(this.root, "bin/lotse"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
    chmodSync(join(this.root, "bin/lotse"), 0o755);
    this.writeAt(
      join(this.home, ".gitconfig"),
      "[user]\n\tname = ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n",
    );
  }

  /** The variables of every process here. */
  get variables(): Readonly<Record<string, string>> {
    return {
      PATH: `${join(this.root, "bin")}:${process.env["PATH"] ?? ""}`,
      HOME: this.home,
      USER: "ada",
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  /** Runs a command in this process, which is quick; nothing is redacted, so a leak shows. */
  async lotse(args: readonly string[], given: Given = {}): Promise<Ended> {
    let stdout = "";
    let stderr = "";
    const answers = [...(given.answers ?? [])];
    const plain = createColors(false);
    const context: Context = {
      out: (text) => void (stdout += text),
      err: (text) => void (stderr += text),
      reveal: (content) => void (stdout += Buffer.from(content).toString("utf8")),
      cwd: this.#cwdOf(given),
      variables: { ...this.variables, ...given.variables },
      readInput: () => Promise.resolve(given.input ?? ""),
      ask: given.answers === undefined ? null : () => Promise.resolve(answers.shift() ?? ""),
      live: false,
      stdoutColours: plain,
      stderrColours: plain,
      signal: AbortSignal.timeout(60_000),
      sessions: new Map(),
    };
    const status = await main(args, context);
    return { status, stdout, stderr };
  }

  /** Runs a command that must end well. @returns standard output */
  async good(args: readonly string[], given: Given = {}): Promise<string> {
    const { status, stdout, stderr } = await this.lotse(args, given);
    if (status !== 0) throw new Error(`lotse ${args.join(" ")} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** Runs a command that must end well, with `-o json`. */
  async json(args: readonly string[], given: Given = {}): Promise<unknown> {
    return JSON.parse(await this.good([...args, "-o", "json"], given));
  }

  /** Starts the built `lotse` in a process of its own, as a user would. */
  start(args: readonly string[], given: Given = {}): Started {
    return this.startProgram(process.execPath, [program, ...args], given);
  }

  /** Runs the built `lotse` in a process of its own. */
  async spawned(args: readonly string[], given: Given = {}): Promise<Ended> {
    const started = this.start(args, given);
    started.write(given.input ?? "");
    started.end();
    return await started.ended;
  }

  /** Runs another program. */
  async run(command: string, args: readonly string[], given: Given = {}): Promise<Ended> {
    const started = this.startProgram(command, args, given);
    started.write(given.input ?? "");
    started.end();
    return await started.ended;
  }

  /** Runs git, which must end well. @returns standard output */
  async git(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run("git", args);
    if (status !== 0) throw new Error(`git ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  startProgram(command: string, args: readonly string[], given: Given = {}): Started {
    const env = { ...this.variables, ...given.variables };
    const child = spawn(command, [...args], { cwd: this.#cwdOf(given), env });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    // A program may end without reading its input; its status tells how that went.
    child.stdin.on("error", () => undefined);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve({ status: status ?? -1, stdout, stderr }));
    });
    const says = async (text: string): Promise<void> => {
      while (!`${stdout}${stderr}`.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended without saying ${text}: ${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    return {
      says,
      pid: child.pid ?? 0,
      ended,
      write: (text) => void child.stdin.write(text),
      end: () => void child.stdin.end(),
    };
  }

  /** Sets secrets, each `environment[:tenant] name` with its value. */
  async set(scope: string, values: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, input] of Object.entries(values)) {
      await this.good(["secrets", "set", scope, name], { input });
    }
  }

  /** Where a file of the workspace is. */
  path(file: string): string {
    return join(this.directory, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  write(file: string, text: string): void {
    this.writeAt(this.path(file), text);
  }

  writeAt(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #cwdOf({ cwd }: Given): string {
    return cwd === undefined ? this.directory : join(this.root, cwd);
  }
}

/** Makes a key with the real `age-keygen`. */
export async function ageKey(
  desk: SecretDesk,
): Promise<{ readonly secret: string; readonly recipient: string }> {
  const { stdout } = await desk.run("age-keygen", []);
  const secret = /^AGE-SECRET-KEY-1\w+$/mu.exec(stdout)?.[0] ?? "";
  const recipient = /age1\w+/u.exec(stdout)?.[0] ?? "";
  return { secret, recipient };
}
