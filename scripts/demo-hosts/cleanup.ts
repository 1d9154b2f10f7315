/** What was made, and how it is removed, in the opposite order; once, however often it is asked for. */
export class Cleanup {
  readonly #steps: (() => Promise<unknown> | unknown)[] = [];
  #running: Promise<void> | undefined;

  add(step: () => Promise<unknown> | unknown): void {
    this.#steps.unshift(step);
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

/** Thrown where Ctrl-C ended something. */
export class Interrupted extends Error {}

/**
 * Runs something that is cleaned up after whatever happens, Ctrl-C and SIGTERM included.
 *
 * @param act - gets a promise that rejects when it is interrupted, to race with
 * @returns the exit status: that of `act`, or 130
 */
export async function withCleanup(act: (cleanup: Cleanup) => Promise<number>): Promise<number> {
  const cleanup = new Cleanup();
  const interrupted = Promise.withResolvers<number>();
  const onSignal = (): void => {
    console.error("\ninterrupted: removing everything, which takes some seconds");
    interrupted.resolve(130);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  const acting = act(cleanup);
  const outcome = await Promise.race([acting, interrupted.promise]).catch((error: unknown) => error);
  await cleanup.run();
  // What was being made while the signal came removes itself where it sees that nobody wants it.
  if (outcome === 130) await acting.catch(() => undefined);
  if (typeof outcome === "number") return outcome;
  throw outcome;
}
