import type { ActStep, PlanStep, RolloutRequest, TenantPlan, TenantScope } from "@lotse/core/release";
import { z } from "zod";
import { parseRequest, type RolloutRequestInput } from "../rollout/request.ts";

/** The names of the steps of a {@link planFor}. */
export const blueGreenSteps = ["prepare", "start", "wait-healthy", "switch", "verify", "drain", "retire"];

/** What tests write into the strategy of a request, for drivers of tests to read. */
const oddSchema = z.object({
  /** The step that fails for good. */
  failing: z.string().optional(),
  /** A step before the switch. */
  extra: z.unknown().optional(),
});

/** What a test wants to be odd about a rollout. */
export type Odd = Partial<z.infer<typeof oddSchema>>;

/** A request of tests: blue-green, for tenants one after the other. */
export function requestFor(
  id: string,
  tenants: readonly string[] = ["acme"],
  odd: Odd = {},
): RolloutRequestInput {
  return {
    id,
    kind: "deploy",
    environment: "production",
    release: { id: `release-${id}`, version: "v2.0.0" },
    strategy: { name: "blue-green", ...odd },
    tenants: [...tenants],
  };
}

/** The same, as the engine stores it. */
export function parsedRequest(id: string, tenants?: readonly string[], odd?: Odd): RolloutRequest {
  return parseRequest(requestFor(id, tenants, odd));
}

/** Which step fails. */
export function failingStep(request: RolloutRequest): string | undefined {
  return oddSchema.parse(request.strategy).failing;
}

/**
 * A plan of tests: blue-green to the other colour.
 *
 * @param active - the colour that has the traffic
 */
export function planFor(
  request: RolloutRequest,
  { tenant }: TenantScope,
  active: "blue" | "green" = "blue",
): TenantPlan {
  const colour = active === "blue" ? "green" : "blue";
  const act = (name: string, more: Partial<ActStep> = {}): ActStep => ({
    kind: "act",
    name,
    action: name === "switch" ? "route" : (name as ActStep["action"]),
    input: { colour, release: request.release.id, previous: active },
    onFailure: "undo",
    abortable: true,
    ...more,
  });
  const steps: PlanStep[] = blueGreenSteps.map((name) =>
    act(name, {
      onFailure: name === "drain" || name === "retire" ? "continue" : "undo",
      abortable: name !== "retire",
    }),
  );
  const { extra } = oddSchema.parse(request.strategy);
  if (extra !== undefined) steps.splice(3, 0, extra as PlanStep);
  return {
    tenant,
    from: { release: "release-before", version: "v1.0.0", colour: active },
    to: { release: request.release.id, version: request.release.version, colour },
    steps,
    undo: [act("restore"), act("discard", { onFailure: "continue" })],
  };
}
