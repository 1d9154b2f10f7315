import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Sensitive } from "@lotse/core/kernel";

/** How a worker in a process of its own behaves. */
export interface WorkerSettings {
  readonly url: Sensitive<string>;
  /** The directory of its `FileDriver`. */
  readonly world: string;
  /** Where workers die, as `point key`; see `worker-main.ts`. */
  readonly faults?: readonly string[];
  readonly delayMs?: number;
}

/** A worker in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  /** What it printed. */
  readonly lines: string[] = [];
  readonly ended: Promise<number | string>;
  #errors = "";

  constructor(settings: WorkerSettings) {
    const main = fileURLToPath(new URL("worker-main.ts", import.meta.url));
    this.#child = spawn(process.execPath, ["--conditions=lotse-source", main], {
      env: {
        ...process.env,
        LOTSE_TEST_WORKER: JSON.stringify({ ...settings, url: settings.url.reveal() }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.lines.push(...text.split("\n").filter((line) => line !== ""));
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (status, signal) => resolve(signal ?? status ?? "unknown"));
    });
  }

  /** Waits until it takes work. */
  async ready(): Promise<this> {
    let ended: number | string | null = null;
    void this.ended.then((how) => (ended = how));
    while (!this.lines.some((line) => line.startsWith("ready"))) {
      if (ended !== null) throw new Error(`the worker ended: ${String(ended)} ${this.#errors}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
    return this;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it at once, and waits until it has. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

/** Keeps a number of workers alive: where one dies, another one is started. */
export class WorkerFleet {
  readonly #settings: WorkerSettings;
  readonly #alive = new Set<WorkerProcess>();
  #stopped = false;
  /** How many died. */
  deaths = 0;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  /** Starts workers and waits until all of them take work. */
  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#spawn().ready()));
  }

  #spawn(): WorkerProcess {
    const worker = new WorkerProcess(this.#settings);
    this.#alive.add(worker);
    void this.#replace(worker);
    return worker;
  }

  async #replace(worker: WorkerProcess): Promise<void> {
    await worker.ended;
    this.#alive.delete(worker);
    if (this.#stopped) return;
    this.deaths += 1;
    this.#spawn();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#alive].map((worker) => worker.kill()));
  }
}
