import { Agent, get } from "node:http";
import { startLoad, type Load } from "@lotse/core/release";

/** What happened in one phase. */
export interface PhaseFigures {
  readonly name: string;
  readonly sent: number;
  readonly failed: number;
  /** Of those that failed: connections that broke before the answer was whole. */
  readonly resets: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The 99th percentile of the requests that take a second by themselves. */
  readonly slowP99Ms: number;
  readonly longestGapMs: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** Why failures are no defect here; those phases are told and not counted. */
  readonly allowed: string | undefined;
}

const isReset = (reason: string): boolean => /^E[A-Z]+$|broke off|hang up/u.test(reason);

/** What a version said about itself, and when. */
interface Seen {
  readonly at: number;
  readonly version: string;
}

/** Two loads at constant rates, quick requests and slow ones, and a look at who answers. */
export class Traffic {
  readonly #quick: Load;
  readonly #slow: Load;
  readonly #watch: VersionWatch;
  readonly #allowed: (string | undefined)[] = [undefined];

  /** @param urls - of the balancers */
  constructor(
    urls: readonly string[],
    rates: { readonly quick: number; readonly slow: number },
    phase: string,
  ) {
    const to = (paths: readonly string[]): readonly string[] =>
      urls.flatMap((url) => paths.map((path) => url + path));
    const quick = to(["/", "/recommend?track=low-tide", "/version"]);
    this.#quick = startLoad({ urls: quick, ratePerSecond: rates.quick, phase });
    this.#slow = startLoad({ urls: to(["/slow?ms=1000"]), ratePerSecond: rates.slow, phase });
    this.#watch = new VersionWatch(urls);
  }

  /** Begins a new phase. @param allowed - why requests may fail in it */
  phase(name: string, allowed?: string): void {
    this.#allowed.push(allowed);
    this.#quick.phase(name);
    this.#slow.phase(name);
  }

  /** Lets it run until so many quick requests of the present phase were answered. */
  async steady(answers: number): Promise<void> {
    while (this.#quick.okInPhase() < answers) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  /** When the last answer of another version than this came, in milliseconds after a time; 0 where none did. */
  lastOther(version: string, since: number): number {
    return this.#watch.last((seen) => seen !== version, since);
  }

  /** When the last answer of this version came. */
  lastOf(version: string, since: number): number {
    return this.#watch.last((seen) => seen === version, since);
  }

  /** Ends the load when the last request under way is answered. */
  async stop(): Promise<readonly PhaseFigures[]> {
    this.#watch.stop();
    const [quick, slow] = await Promise.all([this.#quick.stop(), this.#slow.stop()]);
    return quick.phases.map((phase, index) => {
      const other = slow.phases[index];
      const reasons = { ...phase.reasons };
      for (const [reason, count] of Object.entries(other?.reasons ?? {})) {
        reasons[reason] = (reasons[reason] ?? 0) + count;
      }
      return {
        name: phase.name,
        sent: phase.sent + (other?.sent ?? 0),
        failed: phase.failed + (other?.failed ?? 0),
        resets: Object.entries(reasons).reduce(
          (sum, [reason, count]) => sum + (isReset(reason) ? count : 0),
          0,
        ),
        p50Ms: phase.p50Ms,
        p99Ms: phase.p99Ms,
        slowP99Ms: other?.p99Ms ?? 0,
        longestGapMs: phase.longestGapMs,
        reasons,
        allowed: this.#allowed[index],
      };
    });
  }
}

/** Asks each balancer for its version every 50 ms, each time over a new connection. */
export class VersionWatch {
  readonly #seen: Seen[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #agent = new Agent({ keepAlive: false });

  constructor(urls: readonly string[]) {
    this.#timer = setInterval(() => {
      for (const url of urls) this.#ask(`${url}/version`);
    }, 50);
  }

  last(matches: (version: string) => boolean, since: number): number {
    const found = this.#seen.findLast(({ at, version }) => at >= since && matches(version));
    return found === undefined ? 0 : found.at - since;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  #ask(url: string): void {
    // What counts is when it was decided who answers, so the time of asking.
    const at = performance.now();
    const sent = get(url, { agent: this.#agent, timeout: 5000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("error", () => undefined);
      answer.on("end", () => {
        const version = /"version":"([^"]+)"/u.exec(text)?.[1];
        if (version !== undefined) this.#seen.push({ at, version });
      });
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => undefined);
  }
}
