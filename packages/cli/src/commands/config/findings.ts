import type { Session } from "@lotse/core/app/workspace";
import type { Snapshot } from "@lotse/core/config";
import { exitStatuses } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { ExitWith } from "../leaf.ts";

/**
 * Tells what is wrong with scopes that a command looks into but does not hand on: what `config validate` finds
 * in them, on standard error, each finding once.
 *
 * @returns what ends the command after its result is printed: nothing, or {@link ExitWith} for an error
 */
export function tellFindings(
  { manager }: Session,
  snapshots: readonly Snapshot[],
  context: Context,
): () => void {
  const found = new Map(
    snapshots
      .flatMap((snapshot) => manager.check(snapshot))
      .map((finding) => [JSON.stringify([finding.code, finding.message, finding.where]), finding] as const),
  );
  for (const finding of found.values()) context.err(formatDiagnostic(finding, context.stderrColours));
  const invalid = [...found.values()].some(({ severity }) => severity === "error");
  return () => {
    if (invalid) throw new ExitWith(exitStatuses.findings);
  };
}
