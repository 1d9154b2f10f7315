import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A controller in a process of its own: it prints `ready` when it takes work. */
export class Controller {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | string>;
  #lines = "";
  #errors = "";

  /**
   * @param settings - what its main file reads from `LOTSE_TEST_WORKER`
   * @param main - @defaultValue `controller-main.ts`
   */
  constructor(settings: unknown, main = new URL("controller-main.ts", import.meta.url)) {
    this.#child = spawn(process.execPath, ["--conditions=lotse-source", fileURLToPath(main)], {
      env: { ...process.env, LOTSE_TEST_WORKER: JSON.stringify(settings) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#lines += text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    this.ended = once(this.#child, "exit").then(([status, signal]: (number | string | null)[]) => {
      return signal ?? status ?? "unknown";
    });
  }

  /** Waits until it takes work. */
  async ready(): Promise<this> {
    let how: number | string | undefined;
    void this.ended.then((ended) => (how = ended));
    while (!this.#lines.includes("ready")) {
      if (how !== undefined) throw new Error(`the controller ended: ${how} ${this.#errors}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
    return this;
  }

  /** The id of its worker. */
  get executor(): string {
    return /ready (\S*)/u.exec(this.#lines)?.[1] ?? "";
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

/** Keeps a number of controllers alive: where one dies, another one is started. */
export class Fleet {
  readonly #make: () => Controller;
  readonly #onReplaced: () => void;
  readonly #alive = new Set<Controller>();
  #stopped = false;
  /** How many died, by signal or exit status. */
  readonly deaths: Record<string, number> = {};

  /** @param onReplaced - called when one that died has been replaced */
  constructor(make: () => Controller, onReplaced: () => void = () => undefined) {
    this.#make = make;
    this.#onReplaced = onReplaced;
  }

  /** Starts some and waits until all of them take work. */
  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#spawn().ready()));
  }

  #spawn(): Controller {
    const controller = this.#make();
    this.#alive.add(controller);
    void this.#watch(controller);
    return controller;
  }

  async #watch(controller: Controller): Promise<void> {
    const how = await controller.ended;
    this.#alive.delete(controller);
    if (this.#stopped) return;
    this.deaths[how] = (this.deaths[how] ?? 0) + 1;
    // One that dies before it is ready is replaced itself.
    await this.#spawn()
      .ready()
      .catch(() => undefined);
    this.#onReplaced();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#alive].map((controller) => controller.kill()));
  }
}
