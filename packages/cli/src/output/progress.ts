import { Presets, SingleBar } from "cli-progress";
import type { Context } from "../context.ts";

/** Reports how far a long piece of work is. */
export interface Progress {
  readonly report: (done: number, total: number) => void;
  readonly end: () => void;
}

const slowAfterMs = 400;
const lineEveryMs = 2000;

/**
 * Shows progress on standard error once work takes longer than a moment: a bar on a terminal, a plain line
 * every two seconds elsewhere.
 */
export function startProgress(
  context: Context,
  what: string,
  now: () => number = performance.now.bind(performance),
): Progress {
  const started = now();
  let bar: SingleBar | undefined;
  let lastLine = started;
  return {
    report: (done, total) => {
      const time = now();
      if (time - started < slowAfterMs) return;
      if (context.live) {
        if (bar === undefined) {
          bar = new SingleBar(
            { format: `${what} {bar} {value}/{total}`, stream: process.stderr, clearOnComplete: true },
            Presets.rect,
          );
          bar.start(total, done);
        }
        bar.update(done);
      } else if (time - lastLine >= lineEveryMs) {
        lastLine = time;
        context.err(`${what}: ${done} of ${total}\n`);
      }
    },
    end: () => bar?.stop(),
  };
}
