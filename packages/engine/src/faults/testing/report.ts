/** One line of the table that the suite prints. */
export interface Row {
  readonly fault: string;
  readonly where: string;
  /** How many times it struck. */
  readonly struck: number;
  readonly outcome: string;
  /** Until another controller went on; empty where that is not the question. */
  readonly recoveriesMs: readonly number[];
}

/** Milliseconds that a share of the values is not above. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The rows as a table of Markdown, as docs/fault-injection.md shows it. */
export function formatRows(rows: readonly Row[]): string {
  const head = ["fault", "where", "struck", "outcome", "recovery: median", "longest"];
  const lines = rows.map(({ fault, where, struck, outcome, recoveriesMs }) => {
    const seconds = (share: number): string =>
      recoveriesMs.length === 0 ? "–" : `${(percentile(recoveriesMs, share) / 1000).toFixed(1)} s`;
    return [fault, where, String(struck), outcome, seconds(0.5), seconds(1)];
  });
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
