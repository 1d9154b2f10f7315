import { LotseError } from "../../kernel/index.ts";
import type { SignalSource } from "../inject/index.ts";

const ending: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Where an {@link Interruption} may come from. */
export interface InterruptionOptions {
  readonly signals: SignalSource;
  readonly signal: AbortSignal | undefined;
  /** Whether Ctrl-C reaches the editor without us; it means something else to it then. */
  readonly terminal: boolean;
  /** What must happen at once, before anything else, such as removing the file. */
  readonly onInterrupt: () => void;
}

/** Waits for signals that end the process while a file is open, and turns the first into an error. */
export class Interruption implements Disposable {
  readonly #options: InterruptionOptions;
  readonly #controller = new AbortController();
  readonly #promise: Promise<never>;
  #reject: (error: LotseError) => void = () => undefined;
  /** Whether the user is in the editor at present. */
  #inEditor = false;

  constructor(options: InterruptionOptions) {
    this.#options = options;
    this.#promise = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#promise.catch(() => undefined);
    for (const name of ending) options.signals.on(name, this.#onSignal);
    options.signal?.addEventListener("abort", this.#interrupt, { once: true });
    if (options.signal?.aborted === true) this.#interrupt();
  }

  /** @throws LotseError `secret.interrupted` when there was an interruption */
  check(): void {
    this.#controller.signal.throwIfAborted();
  }

  /**
   * Waits for something, or for the interruption.
   *
   * @throws LotseError `secret.interrupted`
   */
  async during<T>(work: () => Promise<T> | T): Promise<T> {
    this.check();
    const result = await Promise.race([work(), this.#promise]);
    this.check();
    return result;
  }

  /**
   * Waits for an editor, which is told of an interruption and waited for, so that it does not outlive us.
   *
   * @throws LotseError `secret.interrupted`
   */
  async duringEditor<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.check();
    this.#inEditor = true;
    try {
      const result = await work(this.#controller.signal);
      this.check();
      return result;
    } finally {
      this.#inEditor = false;
    }
  }

  [Symbol.dispose](): void {
    for (const name of ending) this.#options.signals.off(name, this.#onSignal);
    this.#options.signal?.removeEventListener("abort", this.#interrupt);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    const isForEditor = this.#inEditor && this.#options.terminal && (name === "SIGINT" || name === "SIGQUIT");
    if (!isForEditor) this.#interrupt();
  };

  readonly #interrupt = (): void => {
    if (this.#controller.signal.aborted) return;
    const error = new LotseError({
      code: "secret.interrupted",
      message: "editing was interrupted; nothing was changed, and the text is gone",
    });
    this.#options.onInterrupt();
    this.#controller.abort(error);
    this.#reject(error);
  };
}
