import { colours, type Colour } from "./names.ts";
import type { Weights } from "./step.ts";
import type { TargetState } from "./target.ts";

/** All new requests to one colour; null: to none. */
export function allTo(colour: Colour | null): Weights {
  return { blue: colour === "blue" ? 100 : 0, green: colour === "green" ? 100 : 0 };
}

/** So many percent to one colour, and the rest to the other. */
export function shareFor(colour: Colour, percent: number): Weights {
  return colour === "blue"
    ? { blue: percent, green: 100 - percent }
    : { blue: 100 - percent, green: percent };
}

/** The colour that gets all; null when none does, and while they are split. */
export function soleColour(weights: Weights): Colour | null {
  return colours.find((colour) => weights[colour] === 100) ?? null;
}

/** Whether two shares are the same. */
export function sameWeights(a: Weights, b: Weights): boolean {
  return a.blue === b.blue && a.green === b.green;
}

/** Writes shares for people, such as `blue 95, green 5`. */
export function formatWeights({ blue, green }: Weights): string {
  if (blue + green === 0) return "none";
  return [blue === 0 ? [] : [`blue ${blue}`], green === 0 ? [] : [`green ${green}`]].flat().join(", ");
}

/** The colour that has all traffic on all hosts that have any; null when none has, or when it is split. */
export function activeOf(traffic: TargetState["traffic"]): Colour | null {
  const served = Object.values(traffic).filter(({ blue, green }) => blue + green > 0);
  const [first] = served;
  const colour = first === undefined ? null : soleColour(first);
  return served.every((weights) => colour !== null && weights[colour] === 100) ? colour : null;
}

/** Whether new requests go to two colours, on one host or on different ones. */
export function isSplit(traffic: TargetState["traffic"]): boolean {
  const served = colours.filter((colour) => Object.values(traffic).some((weights) => weights[colour] > 0));
  return served.length === 2;
}
