import type { ChildProcess } from "node:child_process";
import type { Clock } from "../../kernel/index.ts";

/** Where signals to this process come from; usually `process`. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

const forwarded: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** What a terminal sends to all processes in its foreground at once, so the child has it already. */
const fromTerminal: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

/** How signals reach a child. */
export interface ForwardingOptions {
  readonly signals: SignalSource;
  /** Whether this process has a terminal: it delivers Ctrl-C to the child by itself. */
  readonly terminal: boolean;
  readonly clock: Clock;
  /** Ends the child: SIGTERM, then SIGKILL. */
  readonly signal: AbortSignal | undefined;
  readonly killAfterMs: number;
}

/**
 * Passes the signals that end a program on to a child, and keeps this process alive until the child has ended.
 * A signal that comes before there is a child is passed on when there is one.
 */
export class SignalForwarding implements Disposable {
  readonly #options: ForwardingOptions;
  readonly #ended = new AbortController();
  readonly #early: NodeJS.Signals[] = [];
  #child: ChildProcess | undefined;
  #used = false;

  constructor(options: ForwardingOptions) {
    this.#options = options;
    for (const name of forwarded) options.signals.on(name, this.#onSignal);
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Whether somebody wanted the child to end. */
  get used(): boolean {
    return this.#used;
  }

  /** Gives the signals a child to go to. */
  attach(child: ChildProcess): void {
    this.#child = child;
    for (const name of this.#early.splice(0)) child.kill(name);
    if (this.#options.signal?.aborted === true) this.#onAbort();
  }

  [Symbol.dispose](): void {
    for (const name of forwarded) this.#options.signals.off(name, this.#onSignal);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#ended.abort();
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    this.#used = true;
    if (this.#child === undefined) this.#early.push(name);
    else if (!this.#options.terminal || !fromTerminal.has(name)) this.#child.kill(name);
  };

  readonly #onAbort = (): void => {
    const child = this.#child;
    this.#used = true;
    if (child === undefined) return;
    child.kill("SIGTERM");
    this.#options.clock.sleep(this.#options.killAfterMs, this.#ended.signal).then(
      () => child.kill("SIGKILL"),
      () => undefined,
    );
  };
}
