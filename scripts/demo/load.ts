import { startLoad, type Load } from "@lotse/core/release";

/** What happened in one phase of the demo's load. */
export interface Figures {
  readonly name: string;
  readonly sent: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same for the requests that take a second by themselves. */
  readonly slowP99Ms: number;
}

/** Two loads at constant rates on the same addresses: quick requests, and slow ones that a switch finds open. */
export class DemoLoad {
  readonly #quick: Load;
  readonly #slow: Load;

  constructor(urls: readonly string[], quickPerSecond: number, slowPerSecond: number, phase: string) {
    const to = (paths: readonly string[]): readonly string[] =>
      urls.flatMap((url) => paths.map((path) => url + path));
    this.#quick = startLoad({
      urls: to(["/", "/recommend?track=low-tide", "/version"]),
      ratePerSecond: quickPerSecond,
      phase,
    });
    this.#slow = startLoad({ urls: to(["/slow?ms=1000"]), ratePerSecond: slowPerSecond, phase });
  }

  /** Begins a new phase. */
  phase(name: string): void {
    this.#quick.phase(name);
    this.#slow.phase(name);
  }

  /** Lets it run in the present phase until so many quick requests were answered. */
  async steady(answers: number): Promise<void> {
    while (this.#quick.okInPhase() < answers) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** Ends the load, when the last request under way is answered. */
  async stop(): Promise<readonly Figures[]> {
    const [quick, slow] = await Promise.all([this.#quick.stop(), this.#slow.stop()]);
    return quick.phases.map((phase, index) => {
      const other = slow.phases[index];
      for (const [reason, count] of Object.entries({ ...phase.reasons, ...other?.reasons })) {
        console.error(`${phase.name}: ${count} failed: ${reason}`);
      }
      return {
        name: phase.name,
        sent: phase.sent + (other?.sent ?? 0),
        failed: phase.failed + (other?.failed ?? 0),
        p50Ms: phase.p50Ms,
        p99Ms: phase.p99Ms,
        slowP99Ms: other?.p99Ms ?? 0,
      };
    });
  }
}
