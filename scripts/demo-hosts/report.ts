import { table } from "../../bench/config/report.ts";
import type { PhaseFigures } from "./traffic.ts";

/** How many requests failed in phases in which none may. */
export function failuresOf(phases: readonly PhaseFigures[]): number {
  return phases.reduce((sum, { failed, allowed }) => sum + (allowed === undefined ? failed : 0), 0);
}

/** Prints what became of the requests. */
export function printFigures(phases: readonly PhaseFigures[]): void {
  const rows = phases.map((phase) => [
    phase.name,
    String(phase.sent),
    `${phase.failed}${phase.allowed === undefined || phase.failed === 0 ? "" : " *"}`,
    String(phase.resets),
    phase.p50Ms.toFixed(1),
    phase.p99Ms.toFixed(1),
    phase.slowP99Ms.toFixed(0),
    phase.longestGapMs.toFixed(0),
  ]);
  const sum = (of: (phase: PhaseFigures) => number): string =>
    String(phases.reduce((total, phase) => total + of(phase), 0));
  const all = [
    "all",
    sum(({ sent }) => sent),
    sum(({ failed }) => failed),
    sum(({ resets }) => resets),
    "",
    "",
    "",
    "",
  ];
  const headings = [
    "phase",
    "requests",
    "failed",
    "resets",
    "p50 ms",
    "p99 ms",
    "p99 ms of 1 s requests",
    "longest gap ms",
  ];
  console.log(table(headings, [...rows, all]));
  for (const { name, allowed, failed } of phases) {
    if (allowed !== undefined && failed > 0) console.log(`* ${name}: ${allowed}`);
  }
  for (const { name, reasons } of phases) {
    for (const [reason, count] of Object.entries(reasons)) console.log(`  ${name}: ${count} × ${reason}`);
  }
}

/** Prints times. */
export function printTimes(times: ReadonlyMap<string, number>): void {
  console.log(
    `\n${table(
      ["", "seconds"],
      [...times].map(([name, ms]) => [name, (ms / 1000).toFixed(2)]),
    )}`,
  );
}
