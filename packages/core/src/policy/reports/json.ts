import type { PolicyRun } from "../model.ts";

/** Writes a run as `policy check -o json` prints it; see `schemas/policy-check.json`. */
export function renderJson(run: PolicyRun): string {
  return `${JSON.stringify(run, null, 2)}\n`;
}
