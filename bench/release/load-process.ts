import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { LoadFigures } from "./hosts-load.ts";

/** What load to make. */
export interface LoadSettings {
  readonly urls: readonly string[];
  readonly ratePerSecond: number;
  /** How long the long requests take. */
  readonly longMs: number;
  readonly longPerSecond: number;
}

/** Load made by another process. */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #figures: Promise<readonly LoadFigures[]>;

  constructor(settings: LoadSettings) {
    this.#child = fork(join(import.meta.dirname, "hosts-load.ts"), [JSON.stringify(settings)]);
    this.#figures = new Promise((resolve, reject) => {
      this.#child.once("message", (message: { figures: readonly LoadFigures[] }) => resolve(message.figures));
      this.#child.once("exit", (status) => reject(new Error(`the load ended with ${status}`)));
    });
    // Whoever stops it hears of it.
    this.#figures.catch(() => undefined);
  }

  /** Begins a new phase. */
  phase(name: string): void {
    this.#send({ phase: name });
  }

  /** Ends it when the last request under way is answered. */
  async stop(): Promise<readonly LoadFigures[]> {
    this.#send({ stop: true });
    return this.#figures;
  }

  /** Whoever is gone is found out by its figures. */
  #send(message: object): void {
    if (this.#child.connected) this.#child.send(message);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
