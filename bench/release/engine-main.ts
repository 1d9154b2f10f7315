// The durable engine: rollouts in flight, what a step costs, how soon an abort is felt, and audited operations.
// `-- --quick` measures little, to see that everything still runs. Prints a table, or JSON with `-- --json`.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded, stopEmbedded } from "@lotse/engine";
import { table } from "../config/report.ts";
import { load, machine } from "../secrets/machine.ts";
import { measureAudit, measureUnaudited, type AuditFigures, type AuditShape } from "./engine-audit.ts";
import { measureRollouts, type RolloutFigures } from "./engine-rollouts.ts";

const quick = process.argv.includes("--quick");
const rolloutLoad = quick
  ? { inFlight: 20, handed: 10, aborted: 3 }
  : { inFlight: 200, handed: 100, aborted: 20 };
const seconds = quick ? 1 : 10;

function rolloutRows(figures: RolloutFigures): string[][] {
  const row = (name: string, wanted: string, { p50Ms, p99Ms, count }: RolloutFigures["pickUp"]): string[] => [
    name,
    wanted,
    `${p50Ms} ms`,
    `${p99Ms} ms`,
    String(count),
  ];
  return [
    row("pick-up", "< 250 ms", figures.pickUp),
    row("our own, a step", "< 50 ms", figures.ownPerStep),
    row("abort to 0 % traffic", "< 2000 ms", figures.abort),
  ];
}

/** What is measured, with how many writers at the same time; they have the connections that the engine has. */
const shapes = [
  ["statement", 96],
  ["transaction", 48],
  ["ten entries", 24],
] as const satisfies readonly (readonly [AuditShape, number])[];

function auditRow(figures: AuditFigures): string[] {
  const { writers, shape, operationsPerSecond, sequencedPerSecond, cpuMicros, waited, verified } = figures;
  return [
    shape,
    String(writers),
    String(operationsPerSecond),
    String(sequencedPerSecond),
    `${cpuMicros} µs`,
    `${waited.p50Ms} ms`,
    `${waited.p99Ms} ms`,
    verified ? "yes" : "NO",
  ];
}

const directory = mkdtempSync(join(tmpdir(), "lotse-bench-engine-"));
chmodSync(directory, 0o711);
const postgres = join(directory, "postgres");
try {
  const before = load();
  const { url } = await startEmbedded({ directory: postgres });
  const rollouts = await measureRollouts(url, rolloutLoad);
  const anew = async (): Promise<typeof url> => {
    await stopEmbedded({ directory: postgres });
    rmSync(postgres, { recursive: true });
    return (await startEmbedded({ directory: postgres })).url;
  };
  const audits: AuditFigures[] = [];
  for (const [shape, writers] of shapes)
    audits.push(await measureAudit(await anew(), { seconds, writers, shape }));
  const unaudited = await measureUnaudited(await anew(), { seconds, writers: shapes[0][1] });
  if (process.argv.includes("--json"))
    console.log(JSON.stringify({ machine: machine(), before, rollouts, audits, unaudited }));
  else {
    console.log(`${machine()}; load before ${before}\n`);
    const { inFlight, idleCpuPercent, rssMb } = rollouts;
    console.log(`${inFlight} rollouts in flight; the worker: ${idleCpuPercent} % of a core, ${rssMb} MB\n`);
    console.log(table(["", "WANTED", "P50", "P99", "MEASURED"], rolloutRows(rollouts)));
    const head = [
      "COMMITTED TOGETHER",
      "WRITERS",
      "AUDITED OPERATIONS/S",
      "SEQUENCED AND SIGNED/S",
      "CPU EACH",
      "WAITED P50",
      "WAITED P99",
      "VERIFIES",
    ];
    console.log(table(head, audits.map(auditRow)));
    const percent = Math.round(((audits[0]?.operationsPerSecond ?? 0) / unaudited) * 100);
    console.log(
      `The change of a single statement without an entry: ${unaudited}/s; audited it goes ${percent} % as fast.`,
    );
  }
} finally {
  await stopEmbedded({ directory: postgres });
  rmSync(directory, { recursive: true, force: true });
}
