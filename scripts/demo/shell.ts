import { spawn } from "node:child_process";
import { join } from "node:path";
import { styleText } from "node:util";

/** The end of a command that the demo ran. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
}

/** How a command is shown. */
export interface ShowOptions {
  /** Whether its result is shown, too; progress always is. @defaultValue true */
  readonly echo?: boolean;
  /** Only the first lines of a long result are shown. @defaultValue all */
  readonly lines?: number;
  /** What the command reads from standard input; it is not shown. */
  readonly input?: string;
}

/** Runs `lotse` in a workspace as a person would, and shows the command and what it prints. */
export class DemoShell {
  readonly #root: string;
  readonly #workspace: string;
  readonly #home: string;

  /** @param home - a home directory of the demo's own: it makes keys */
  constructor(root: string, workspace: string, home: string) {
    this.#root = root;
    this.#workspace = workspace;
    this.#home = home;
  }

  /** Prints a heading. */
  say(text: string): void {
    console.log(`\n${styleText("bold", text, { stream: process.stdout })}`);
  }

  /** Runs `lotse` with these arguments. */
  async lotse(args: readonly string[], options: ShowOptions = {}): Promise<Ended> {
    console.log(
      `$ lotse ${args.map((arg) => (/^[\w./:=-]+$/u.test(arg) ? arg : JSON.stringify(arg))).join(" ")}`,
    );
    const child = spawn(process.execPath, [join(this.#root, "packages/cli/bin/lotse.js"), ...args], {
      cwd: this.#workspace,
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        ...withoutKeys(process.env),
        HOME: this.#home,
        LOTSE_POSTGRES_DIR: join(this.#home, "postgres"),
      },
    });
    child.stdin.end(options.input ?? "");
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    if (options.echo !== false) this.#show(stdout, options.lines);
    return { status, stdout };
  }

  #show(text: string, lines: number | undefined): void {
    const all = text.trimEnd().split("\n");
    const shown = lines === undefined ? all : all.slice(0, lines);
    console.log(shown.join("\n"));
    if (shown.length < all.length) console.log(`… ${all.length - shown.length} more lines`);
  }
}

/** The demo has keys of its own; those of whoever runs it are none of its business. */
function withoutKeys(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = /^(?:SOPS_|LOTSE_|XDG_|DATABASE_URL$|ENVIRONMENT$|ENV$|TENANT$)/u;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own.test(name)));
}

/** What is wrong with the run, so that it ends with 1. */
export class DemoFailure extends Error {}

/** Fails the demo where something is not as promised. @throws DemoFailure */
export function expect(condition: boolean, promise: string): void {
  if (!condition) throw new DemoFailure(`this was promised and is not so: ${promise}`);
}
