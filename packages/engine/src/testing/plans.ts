import type { EnginePlanInput } from "../rollout/plan.ts";

/** The names of the steps of {@link blueGreenPlan}. */
export const blueGreenSteps = ["prepare", "start", "wait-healthy", "switch", "verify", "drain", "retire"];

/**
 * A plan for tests: blue-green from blue to green, for tenants one after the other.
 *
 * @param failing - the step that fails
 */
export function blueGreenPlan(
  id: string,
  tenants: readonly string[] = ["acme"],
  failing?: string,
): EnginePlanInput {
  return {
    id,
    environment: "production",
    release: { id: `release-${id}`, version: "v2.0.0" },
    strategy: "blue-green",
    tenants: tenants.map((tenant) => ({
      tenant,
      hasPrevious: true,
      steps: blueGreenSteps.map((name) => ({
        kind: "act" as const,
        name,
        input: {
          colour: name === "drain" || name === "retire" ? "blue" : "green",
          ...(name === failing ? { fail: true } : {}),
        },
        onFailure: name === "drain" || name === "retire" ? ("continue" as const) : ("undo" as const),
        abortable: name !== "retire",
      })),
      undo: [
        { kind: "act", name: "restore", input: { colour: "blue" } },
        { kind: "act", name: "discard", input: { colour: "green" }, onFailure: "continue" },
      ],
    })),
  };
}
