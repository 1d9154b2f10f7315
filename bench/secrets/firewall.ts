// The log firewall beside what programs usually do: `node --conditions=lotse-source bench/secrets/firewall.ts`.
// `--quick` measures little, to see that everything still runs. Each measurement has a process of its own.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { table } from "../config/report.ts";
import { median } from "../config/measured.ts";
import { contenders, texts, type FirewallFigures } from "./firewall-workload.ts";

const script = fileURLToPath(new URL("firewall-measure.ts", import.meta.url));

/** How much is measured. */
export interface FirewallBenchOptions {
  /** Small amounts, to see that everything runs. @defaultValue false */
  readonly quick?: boolean;
}

/** What was measured; a row for each process. */
export interface FirewallBenchResult {
  readonly rows: readonly FirewallFigures[];
  /** Lotse with 1,000 secrets on a log: the figure of the requirement is 100. */
  readonly megabytesPerSecond: number;
}

/** Measures the log firewall and its peers, and prints tables. */
export function benchFirewall(options: FirewallBenchOptions = {}): FirewallBenchResult {
  const quick = options.quick ?? false;
  const repeats = quick ? 1 : 3;
  const secrets = quick ? 20 : 1000;
  const run = (contender: string, text: string, count: number): FirewallFigures => {
    const megabytes = quick ? 1 : (contenders.find(({ name }) => name === contender)?.megabytes ?? 1);
    return middle(
      Array.from({ length: repeats }, () => measure([contender, text, String(count), String(megabytes)])),
    );
  };
  const peers = contenders.map(({ name }) => run(name, "log", secrets));
  const lotse = peers[0] as FirewallFigures;
  console.log(
    `\nlog firewall: a log with ${secrets} secrets loaded, median of ${repeats}, one process each\n`,
  );
  console.log(
    table(
      ["", "MB/s", "MB per CPU s", "Lotse is faster by", "load ms", "peak MB", "forms that leak"],
      peers.map((row) => [
        row.contender,
        rate(row.megabytesPerSecond),
        rate(row.megabytesPerCpuSecond),
        (lotse.megabytesPerCpuSecond / row.megabytesPerCpuSecond).toFixed(1),
        row.loadMs.toFixed(0),
        row.peakMegabytes.toFixed(0),
        row.leaks.length === 0 ? "none" : row.leaks.join(", "),
      ]),
    ),
  );
  const kinds = texts.map((text) => run("lotse", text, secrets));
  console.log(`\nlotse, ${secrets} secrets, by kind of text\n`);
  console.log(growthTable(kinds, (row) => row.text));
  const counts = quick ? [10, 20] : [10, 100, 1000, 10_000];
  const growth = counts.map((count) => run("lotse", "log", count));
  console.log("\nlotse, a log, by number of secrets\n");
  console.log(growthTable(growth, (row) => String(row.secrets)));
  return { rows: [...peers, ...kinds, ...growth], megabytesPerSecond: lotse.megabytesPerSecond };
}

function growthTable(rows: readonly FirewallFigures[], name: (row: FirewallFigures) => string): string {
  return table(
    ["", "MB/s", "MB per CPU s", "patterns", "load ms", "peak MB"],
    rows.map((row) => [
      name(row),
      rate(row.megabytesPerSecond),
      rate(row.megabytesPerCpuSecond),
      String(row.patterns),
      row.loadMs.toFixed(0),
      row.peakMegabytes.toFixed(0),
    ]),
  );
}

function rate(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

function measure(args: readonly string[]): FirewallFigures {
  const output = execFileSync(process.execPath, ["--conditions=lotse-source", script, ...args], {
    encoding: "utf8",
  });
  return JSON.parse(output) as FirewallFigures;
}

function middle(runs: readonly FirewallFigures[]): FirewallFigures {
  const of = (pick: (run: FirewallFigures) => number): number => median(runs.map(pick));
  return {
    ...(runs[0] as FirewallFigures),
    megabytesPerSecond: of((run) => run.megabytesPerSecond),
    megabytesPerCpuSecond: of((run) => run.megabytesPerCpuSecond),
    loadMs: of((run) => run.loadMs),
    peakMegabytes: of((run) => run.peakMegabytes),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  benchFirewall({ quick: process.argv.includes("--quick") });
}
