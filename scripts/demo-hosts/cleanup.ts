/** What was made, and how it is removed, in the opposite order; once, however often it is asked for. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** @throws Error when it is over, after doing the step at once: nothing more is wanted */
  async add(step: () => unknown): Promise<void> {
    if (this.#running === undefined) {
      this.#steps.unshift(step);
      return;
    }
    await step();
    throw new Error("interrupted");
  }

  run(): Promise<void> {
    this.#running ??= this.#all();
    return this.#running;
  }

  async #all(): Promise<void> {
    for (const step of this.#steps.splice(0)) {
      try {
        await step();
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
      }
    }
  }
}

/**
 * Runs something that is cleaned up after whatever happens, Ctrl-C and SIGTERM included.
 *
 * @param act - adds to the clean-up what it makes, as soon as it is made
 * @returns the exit status: that of `act`, or 130
 */
export async function withCleanup(act: (cleanup: Cleanup) => Promise<number>): Promise<number> {
  const cleanup = new Cleanup();
  const interrupted = Promise.withResolvers<number>();
  const onSignal = (): void => {
    console.error("\ninterrupted: removing everything, which takes some seconds");
    interrupted.resolve(130);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  const onDefect = (error: Error): void => interrupted.reject(error);
  process.on("uncaughtException", onDefect);
  const acting = act(cleanup);
  const outcome = await Promise.race([acting, interrupted.promise]).catch((error: unknown) => error);
  await cleanup.run();
  // What was still being made when the signal came is removed as soon as it is there.
  if (outcome === 130) await acting.catch(() => undefined);
  // What is thrown from here is the caller's, and must not end up with us.
  process.off("uncaughtException", onDefect);
  if (typeof outcome === "number") return outcome;
  throw outcome;
}
