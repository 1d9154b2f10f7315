import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";

/** What load to make. */
export interface LoadOptions {
  /** Asked in turn by GET. */
  readonly urls: readonly string[];
  /** Requests a second over all addresses together, whether earlier ones were answered or not. */
  readonly ratePerSecond: number;
  /** After which a request counts as failed. @defaultValue 30000 */
  readonly timeoutMs?: number;
  /** The name of the first phase. @defaultValue `start` */
  readonly phase?: string;
}

/** What happened in one phase. A request belongs to the phase in which it was due. */
export interface PhaseReport {
  readonly name: string;
  readonly sent: number;
  readonly ok: number;
  /** Every answer other than 2xx, every reset, and every request without a whole answer in time. */
  readonly failed: number;
  /** How often each kind of failure came; at most 20 kinds. */
  readonly reasons: Readonly<Record<string, number>>;
  /** From when a request was due until its answer was complete, so that a stall of the sender counts. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest time in which no good answer came. */
  readonly longestGapMs: number;
}

/** The phases in order, and all of them together. */
export interface LoadReport {
  readonly phases: readonly PhaseReport[];
  readonly total: PhaseReport;
}

/** Load that is being made. */
export interface Load {
  /** Begins a new phase. */
  phase(name: string): void;
  /** Good answers so far in the present phase; to wait for. */
  okInPhase(): number;
  /** Stops sending, waits for what is under way, and reports. */
  stop(): Promise<LoadReport>;
}

/** How long a connection may be idle; servers and balancers usually allow more. */
const idleMs = 3000;

class Phase {
  readonly name: string;
  sent = 0;
  failed = 0;
  readonly reasons = new Map<string, number>();
  readonly latencies: number[] = [];
  readonly goodAt: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  fail(reason: string): void {
    this.failed += 1;
    if (this.reasons.has(reason) || this.reasons.size < 20) {
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    }
  }
}

/** Makes load at a constant rate over kept connections. */
export function startLoad(options: LoadOptions): Load {
  // Idle connections are closed from here, before a server closes one in the moment in which it is used again.
  const agent = new Agent({ keepAlive: true, timeout: idleMs });
  const phases: Phase[] = [new Phase(options.phase ?? "start")];
  const open = new Set<Promise<void>>();
  const startedAt = performance.now();
  let due = 0;
  const tick = (): void => {
    const wanted = Math.floor(((performance.now() - startedAt) * options.ratePerSecond) / 1000) + 1;
    for (; due < wanted; due += 1) {
      const phase = phases.at(-1);
      const url = options.urls[due % options.urls.length];
      if (phase === undefined || url === undefined) return;
      const dueAt = startedAt + (due * 1000) / options.ratePerSecond;
      const sending = send(agent, url, dueAt, options.timeoutMs ?? 30_000, phase).finally(() => {
        open.delete(sending);
      });
      open.add(sending);
    }
  };
  const timer = setInterval(tick, 1);
  return {
    phase: (name) => void phases.push(new Phase(name)),
    okInPhase: () => phases.at(-1)?.latencies.length ?? 0,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return {
        phases: phases.map((phase) => reportOf(phase.name, [phase])),
        total: reportOf("total", phases),
      };
    },
  };
}

function send(agent: Agent, url: string, dueAt: number, timeoutMs: number, phase: Phase): Promise<void> {
  phase.sent += 1;
  return new Promise((resolve) => {
    let ended = false;
    const end = (reason: string | null): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      const now = performance.now();
      if (reason === null) {
        phase.latencies.push(now - dueAt);
        phase.goodAt.push(now);
      } else phase.fail(reason);
      resolve();
    };
    const sent = request(url, { agent }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.resume();
      answer.on("end", () => end(status >= 200 && status < 300 ? null : `status ${status}`));
      answer.on("error", (error) => end(`answer broke off: ${nameOf(error)}`));
    });
    const timer = setTimeout(() => {
      end("no answer in time");
      sent.destroy();
    }, timeoutMs);
    sent.on("error", (error) => end(nameOf(error)));
    sent.end();
  });
}

function nameOf(error: Error): string {
  return "code" in error ? String(error.code) : error.message;
}

function reportOf(name: string, phases: readonly Phase[]): PhaseReport {
  const latencies = phases.flatMap((phase) => phase.latencies).sort((a, b) => a - b);
  const goodAt = phases.flatMap((phase) => phase.goodAt).sort((a, b) => a - b);
  const reasons: Record<string, number> = {};
  for (const phase of phases) {
    for (const [reason, count] of phase.reasons) reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  const sum = (pick: (phase: Phase) => number): number =>
    phases.reduce((total, phase) => total + pick(phase), 0);
  return {
    name,
    sent: sum((phase) => phase.sent),
    ok: latencies.length,
    failed: sum((phase) => phase.failed),
    reasons,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: round(latencies.at(-1) ?? 0),
    longestGapMs: round(
      goodAt.reduce((longest, at, index) => Math.max(longest, at - (goodAt[index - 1] ?? at)), 0),
    ),
  };
}

/** Nearest rank, rounded to a tenth of a millisecond. */
function percentile(sorted: readonly number[], share: number): number {
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
