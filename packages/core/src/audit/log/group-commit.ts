/** After how long entries are waited for that were only written; what follows ends well within a second. */
const defaultDelayMs = 500;

/**
 * When entries that were written, but not waited for, get their wait for the disk: together, a fixed time after
 * the first of them. A process does not end by itself before that was done.
 *
 * @see https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-COMMIT-DELAY for group commit
 */
export class GroupCommit {
  readonly #flush: () => Promise<void>;
  readonly #delayMs: number;
  #since: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** @param flush - does what is due, and calls `close`; its errors come again at the next append */
  constructor(flush: () => Promise<void>, delayMs: number = defaultDelayMs) {
    this.#flush = flush;
    this.#delayMs = delayMs;
  }

  /** Whether anything is left to be done. */
  get isOpen(): boolean {
    return this.#since !== null;
  }

  /** Whether it must be done before anything else: whoever reads without a pause leaves no room for timers. */
  get isDue(): boolean {
    return this.#since !== null && performance.now() - this.#since >= this.#delayMs;
  }

  /** Something was written that is not waited for. */
  open(): void {
    if (this.#since !== null) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => void this.#flush().catch(() => undefined), this.#delayMs);
  }

  /** Everything written so far is where it belongs. */
  close(): void {
    clearTimeout(this.#timer);
    this.#since = null;
  }

  /** It did not work, so the next append waits for it, and fails when it fails again. */
  failed(): void {
    if (this.#since !== null) this.#since = -Infinity;
  }
}
