/** What must not go on in this process awaits this. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/**
 * Waits; ends early when `signal` is aborted. Once `closing` is aborted it never ends and holds nothing: the
 * worker is being closed, and what is under way stays as it is for another one to go on with.
 *
 * @param ms - in milliseconds
 */
export function rest(ms: number, closing: AbortSignal, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (closing.aborted) return;
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const timer = setTimeout(wake, ms);
    const stops = [closing, ...(signal === undefined ? [] : [signal])];
    for (const stop of stops) stop.addEventListener("abort", wake);
    function wake(): void {
      clearTimeout(timer);
      for (const stop of stops) stop.removeEventListener("abort", wake);
      if (!closing.aborted) resolve();
    }
  });
}
