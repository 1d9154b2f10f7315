interface Shared {
  readonly result: Promise<string>;
  readonly abort: AbortController;
  waiting: number;
}

/** Does a thing once for all who ask for it at the same time, and stops it when none of them waits any more. */
export class SharedRuns {
  readonly #running = new Map<string, Shared>();

  /**
   * Joins what is under way, or begins it.
   *
   * @param signal - this caller waits no longer
   * @throws the signal's reason, or what `go` throws
   */
  async join(
    key: string,
    signal: AbortSignal,
    go: (signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    const shared = this.#running.get(key) ?? this.#begin(key, go);
    shared.waiting += 1;
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([shared.result, left]);
    } finally {
      signal.removeEventListener("abort", leave);
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        // Whoever asks from now on begins anew.
        if (this.#running.get(key) === shared) this.#running.delete(key);
        shared.abort.abort(new Error("nobody waits for it any more"));
      }
    }
  }

  #begin(key: string, go: (signal: AbortSignal) => Promise<string>): Shared {
    const abort = new AbortController();
    const shared = { result: go(abort.signal), abort, waiting: 0 };
    // Whoever waits sees it; nobody may be left.
    shared.result.catch(() => {});
    this.#running.set(key, shared);
    return shared;
  }
}
