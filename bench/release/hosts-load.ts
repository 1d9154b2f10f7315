// Makes load in a process of its own, so that what else is measured does not hold it up; told by its parent what
// to do: `{ phase }` and `{ stop }`. Two loads: quick requests, and long ones that every switch finds under way.
import { startLoad, type PhaseReport } from "@lotse/core/release";
import type { LoadSettings } from "./load-process.ts";

/** What became of the requests of a phase. */
export interface LoadFigures extends Omit<PhaseReport, "name"> {
  readonly phase: string;
  /** Of those that failed: connections that broke before the answer was whole. */
  readonly resets: number;
  /** Of all requests, those that take long by themselves. */
  readonly long: { readonly sent: number; readonly failed: number; readonly maxMs: number };
}

const settings = JSON.parse(process.argv[2] ?? "") as LoadSettings;
const { urls, ratePerSecond, longMs, longPerSecond } = settings;
const to = (path: string): string[] => urls.map((url) => url + path);
const quick = startLoad({ urls: ["/", "/recommend?track=low-tide", "/version"].flatMap(to), ratePerSecond });
const long = startLoad({
  urls: to(`/slow?ms=${longMs}`),
  ratePerSecond: longPerSecond,
  timeoutMs: longMs + 30_000,
});

function figures(phase: PhaseReport, other: PhaseReport | undefined): LoadFigures {
  const reasons: Record<string, number> = { ...phase.reasons };
  for (const [reason, count] of Object.entries(other?.reasons ?? {})) {
    reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  const isReset = (reason: string): boolean => /^E[A-Z]+$|broke off|hang up/u.test(reason);
  const resets = Object.entries(reasons).reduce((sum, [name, count]) => sum + (isReset(name) ? count : 0), 0);
  const { name, ...rest } = phase;
  return {
    ...rest,
    phase: name,
    sent: phase.sent + (other?.sent ?? 0),
    failed: phase.failed + (other?.failed ?? 0),
    ok: phase.ok + (other?.ok ?? 0),
    reasons,
    resets,
    long: { sent: other?.sent ?? 0, failed: other?.failed ?? 0, maxMs: other?.maxMs ?? 0 },
  };
}

async function stop(): Promise<void> {
  const [first, second] = await Promise.all([quick.stop(), long.stop()]);
  process.send?.({ figures: first.phases.map((phase, at) => figures(phase, second.phases[at])) });
  process.disconnect();
}

process.on("message", (message: { readonly phase?: string; readonly stop?: true }) => {
  if (message.phase !== undefined) for (const load of [quick, long]) load.phase(message.phase);
  if (message.stop === true) void stop();
});
process.on("SIGINT", () => undefined);
