import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { styleText } from "node:util";

/** The end of a command. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Started {
  /** Waits until it has told a text on standard error. @throws Error where it ends before */
  until(text: string): Promise<void>;
  /** Ends it as a crash would, without a word. */
  kill(): void;
  readonly ended: Promise<Ended>;
}

/** How a command is shown. */
export interface ShowOptions {
  /** Only the first lines of its result are shown; progress always is. @defaultValue all */
  readonly lines?: number;
  /** What the command reads from standard input; it is not shown. */
  readonly input?: string;
}

/** Where commands run. */
export interface ShellPlace {
  /** The root of this repository. */
  readonly root: string;
  readonly workspace: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether commands and what they print are shown. @defaultValue true */
  readonly shows?: boolean;
}

/** Runs `lotse` in a workspace as a person would, and shows the commands and what they print. */
export class HostsShell {
  readonly #place: ShellPlace;
  readonly #running = new Set<ChildProcess>();

  constructor(place: ShellPlace) {
    this.#place = place;
  }

  /** Prints a heading. */
  say(text: string): void {
    this.tell(`\n${styleText("bold", text, { stream: process.stdout })}`);
  }

  /** Prints a line. */
  tell(text: string): void {
    if (this.#place.shows !== false) console.log(text);
  }

  /** Runs `lotse` to its end. */
  async lotse(args: readonly string[], options: ShowOptions = {}): Promise<Ended> {
    const ended = await this.start(args, options).ended;
    const lines = ended.stdout.trimEnd().split("\n");
    const shown = lines.slice(0, options.lines ?? lines.length);
    if (ended.stdout.trim() !== "" && shown.length > 0) this.tell(shown.join("\n"));
    return ended;
  }

  /** Runs `lotse` with `-o json` and reads what it prints. @throws Error where it prints nothing, or something else */
  async json<T>(
    args: readonly string[],
    schema: { readonly parse: (value: unknown) => T },
  ): Promise<{ readonly status: number; readonly value: T }> {
    const { status, stdout, stderr } = await this.start([...args, "-o", "json"]).ended;
    if (stdout === "") throw new Error(`lotse ${args.join(" ")} ended with ${status}: ${stderr}`);
    return { status, value: schema.parse(JSON.parse(stdout)) };
  }

  /** Starts `lotse` and does not wait for it. */
  start(args: readonly string[], { input = "" }: ShowOptions = {}): Started {
    this.tell(
      `$ lotse ${args.map((arg) => (/^[\w./:=-]+$/u.test(arg) ? arg : JSON.stringify(arg))).join(" ")}`,
    );
    const { root, workspace, env } = this.#place;
    const child = spawn(process.execPath, [join(root, "packages/cli/bin/lotse.js"), ...args], {
      cwd: workspace,
      stdio: ["pipe", "pipe", "pipe"],
      env,
      // Ctrl-C is for this program, which ends what it started in order.
      detached: true,
    });
    this.#running.add(child);
    child.stdin.on("error", () => undefined).end(input);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (this.#place.shows !== false) process.stderr.write(text);
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ status: code ?? 137, stdout, stderr }));
    }).finally(() => this.#running.delete(child));
    const until = async (text: string): Promise<void> => {
      while (!stderr.includes(text)) {
        if (!this.#running.has(child)) throw new Error(`it ended without telling ${text}: ${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    return { ended, until, kill: () => void child.kill("SIGKILL") };
  }

  /** Ends what still runs. */
  killAll(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}
