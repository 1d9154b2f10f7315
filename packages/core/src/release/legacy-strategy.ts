import type { Colour } from "./names.ts";
import type { PlannedStep } from "./strategies/strategy.ts";

/** The steps of blue-green as {@link planRollout} of this folder puts them. */
export function legacyBlueGreen(from: Colour | undefined, to: Colour): readonly PlannedStep[] {
  const enter = (["prepare", "start", "wait-healthy", "switch", "verify"] as const).map((name) => ({ name, colour: to }));
  if (from === undefined) return enter;
  return [...enter, { name: "drain", colour: from }, { name: "retire", colour: from }];
}
