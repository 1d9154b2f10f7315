import { z } from "zod";
import type { ActStep, PlanStep, StepInput } from "../step.ts";
import type { Colour } from "../names.ts";
import { durationMs, durationSchema } from "./duration.ts";
import { partNameSchema } from "./definition.ts";

/** The schema of `app.hooks` in `lotse.yml`. */
export const hooksSchema = z.record(
  partNameSchema,
  z.strictObject({
    when: z.enum(["before", "after"]),
    phase: z
      .enum(["prepare", "start", "switch", "drain", "stop", "restore"])
      .describe("`switch`: its first request, or all of them; `restore`: going back"),
    run: z.array(z.string().min(1).max(4096)).min(1).max(64).describe("program and arguments; no shell"),
    on: z.enum(["one", "each"]).default("one").describe("on the first host, or on each"),
    timeout: durationSchema.default("5m"),
  }),
);

/** Commands that belong to rollouts, by their names. */
export type Hooks = Readonly<z.infer<typeof hooksSchema>>;

/** One of {@link Hooks}. */
export type Hook = Hooks[string];

/** How long a hook may take, in milliseconds. */
export function hookTimeoutMs(hook: Hook): number {
  return durationMs(hook.timeout);
}

/** What hooks are put into. */
export interface HookPlaces {
  readonly hooks: Hooks;
  readonly release: string;
  readonly from: Colour | null;
  readonly to: Colour;
  readonly hosts: readonly string[];
}

/** Where a hook stands: before or after which steps, and beside which colour. */
function placesOf(hook: Hook, steps: readonly PlanStep[], { from, to }: HookPlaces): readonly number[] {
  const at = (fits: (step: ActStep) => boolean): number[] =>
    steps.flatMap((step, index) => (step.kind === "act" && fits(step) ? [index] : []));
  switch (hook.phase) {
    case "prepare":
      return at(({ action, input }) => action === "prepare" && input.colour === to);
    case "start":
      return at(({ action, input }) => action === "start" && input.colour === to);
    case "switch": {
      const routes = at(({ action, input }) => action === "route" && (input.weights?.[to] ?? 0) > 0);
      const full = at(({ action, input }) => action === "route" && input.weights?.[to] === 100);
      const inBatches = hook.on === "each" && full.length > 1;
      if (hook.when === "before") return inBatches ? routes : routes.slice(0, 1);
      return inBatches ? full : full.slice(-1);
    }
    case "drain":
      return at(({ action, input }) => action === "drain" && input.colour === from);
    case "stop":
      return at(({ action, input }) => (action === "stop" || action === "retire") && input.colour === from);
    case "restore":
      return at(({ action }) => action === "restore");
    default:
      return hook.phase satisfies never;
  }
}

/**
 * Puts hooks between the steps of a plan, in the order in which they are written. A hook runs beside the new
 * release, but before `prepare` and at `drain`, `stop` and `restore` beside the old one; where there is none,
 * it is left out.
 */
export function withHooks(steps: readonly PlanStep[], places: HookPlaces): readonly PlanStep[] {
  const before = new Map<number, ActStep[]>();
  const after = new Map<number, ActStep[]>();
  for (const [name, hook] of Object.entries(places.hooks)) {
    const beside = colourOf(hook, places);
    if (beside === null) continue;
    const found = placesOf(hook, steps, places);
    for (const index of hook.on === "one" ? found.slice(0, 1) : found) {
      const step = steps[index];
      if (step?.kind !== "act") continue;
      const list = hook.when === "before" ? before : after;
      list.set(index, [...(list.get(index) ?? []), hookStep(name, hook, beside, step, places)]);
    }
  }
  return steps.flatMap((step, index) => [...(before.get(index) ?? []), step, ...(after.get(index) ?? [])]);
}

function colourOf({ when, phase }: Hook, { from, to }: HookPlaces): Colour | null {
  if (phase === "prepare") return when === "before" ? from : to;
  return phase === "start" || phase === "switch" ? to : from;
}

function hookStep(name: string, hook: Hook, beside: Colour, step: ActStep, places: HookPlaces): ActStep {
  const hosts = step.input.hosts ?? places.hosts;
  const { release, previous } = step.input;
  const some = hook.on === "one" ? hosts.slice(0, 1) : step.input.hosts;
  const input: StepInput = {
    colour: beside,
    release,
    previous,
    hook: name,
    ...(some === undefined ? {} : { hosts: [...some] }),
  };
  const onFailure = hook.phase === "restore" ? "continue" : step.onFailure;
  return { kind: "act", name: `hook.${name}`, action: "hook", input, onFailure, abortable: step.abortable };
}
