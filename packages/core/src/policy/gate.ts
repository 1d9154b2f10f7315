import type { Diagnostic } from "../kernel/index.ts";
import type { CheckResult, PolicyRun } from "./model.ts";
import type { Profile } from "./profiles/profile.ts";

/** What the release gate says: it opens when no finding is an error. */
export interface GateVerdict {
  readonly ok: boolean;
  readonly findings: readonly Diagnostic[];
}

/**
 * Decides whether a run lets a release through: each environment's profile says which failures forbid it.
 * Waived results do not.
 *
 * @param profiles - the profile of an environment
 */
export function judgeGate(run: PolicyRun, profiles: (environment: string) => Profile): GateVerdict {
  const findings = run.results.flatMap((result) => {
    const { gate, title } = profiles(result.environment);
    return forbids(result, gate) ? [findingOf(result, title)] : [];
  });
  return { ok: findings.length === 0, findings };
}

function forbids({ check, severity, status }: CheckResult, gate: Profile["gate"]): boolean {
  if (gate.except.includes(check)) return false;
  if (status === "unknown") return gate.unknown.includes(check);
  return status === "fail" && (gate.severities.includes(severity) || gate.checks.includes(check));
}

function findingOf(result: CheckResult, profile: string): Diagnostic {
  const place = result.evidence.findLast(({ file }) => file !== undefined);
  return {
    code: "policy.gate",
    severity: "error",
    message: `${result.check}: ${result.message}; the profile ${profile} forbids that`,
    hint: result.remedy,
    where: {
      ...(place?.file === undefined ? {} : { file: place.file }),
      ...(place?.line === undefined ? {} : { line: place.line }),
      ...(place === undefined ? {} : { path: place.path }),
    },
    environment: result.environment,
    ...(result.tenant === null ? {} : { tenant: result.tenant }),
  };
}
