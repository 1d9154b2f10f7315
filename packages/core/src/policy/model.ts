import type { Diagnostic, Severity as DiagnosticSeverity } from "../kernel/index.ts";

/** How a check ended for one scope. A missing fact is `unknown`, never `pass`. */
export const statuses = ["pass", "fail", "not-applicable", "unknown", "waived", "manual"] as const;

/** See {@link statuses}. */
export type Status = (typeof statuses)[number];

/** How much a failure matters. */
export const severities = ["critical", "high", "medium", "low"] as const;

/** See {@link severities}. */
export type CheckSeverity = (typeof severities)[number];

/** One thing that a verdict rests on: where a value comes from, or which record says so. */
export interface Evidence {
  /** The fact's name, such as `tls.min_version`. */
  readonly fact: string;
  /** The configuration path, or the name of the record, such as `audit.verify`. */
  readonly path: string;
  /** SHA-256 of the canonical JSON of the value, in hex; of the reference for a secret, never of its content. */
  readonly valueHash?: string;
  /** What may be shown of the value: short, and never anything of a secret. */
  readonly shown?: string;
  readonly layer?: string;
  readonly file?: string;
  readonly line?: number;
  /** Id of the snapshot that was judged. */
  readonly snapshot?: string;
  /** When it was observed, ISO 8601 in UTC. */
  readonly at?: string;
  /** Where it comes from. @defaultValue "configuration" */
  readonly source?: string;
}

/** A requirement that a check is evidence for. */
export interface RequirementReference {
  /** The framework's id: `gdpr`, `soc2`, `hipaa`, `iso27001`, `pci-dss`, or a team's own. */
  readonly framework: string;
  /** The requirement's id in it, such as `CC6.7` or `8.6.2`. */
  readonly id: string;
  /** Whether the mapping still wants reading against the standard's own text. */
  readonly tentative?: boolean;
}

/** The waiver that accepted a failure. */
export interface AppliedWaiver {
  readonly id: string;
  readonly file: string;
  readonly owner: string;
  readonly reason: string;
  readonly approver: string;
  /** The last day on which it holds, `YYYY-MM-DD`. */
  readonly expires: string;
}

/** What one check says of one scope. */
export interface CheckResult {
  /** The check's id, such as `tls-minimum-version`. */
  readonly check: string;
  readonly title: string;
  readonly requirements: readonly RequirementReference[];
  readonly environment: string;
  /** Null for an environment without tenants. */
  readonly tenant: string | null;
  readonly status: Status;
  readonly severity: CheckSeverity;
  /** One sentence: what was found. */
  readonly message: string;
  readonly evidence: readonly Evidence[];
  /** What to do. */
  readonly remedy: string;
  readonly waiver: AppliedWaiver | null;
}

/** How many results have each status. */
export type StatusCounts = Readonly<Record<Status, number>>;

/** A framework's row of the summary: "`evidenced` of `checkable` machine-checkable requirements evidenced". */
export interface FrameworkSummary {
  readonly framework: string;
  readonly title: string;
  /** Requirements of the framework that at least one check is evidence for. */
  readonly checkable: number;
  /** Of these, how many have only passing (or waived, or not applicable) checks in every scope. */
  readonly evidenced: number;
  readonly counts: StatusCounts;
}

/** The summary of a run. */
export interface PolicySummary {
  readonly ok: boolean;
  readonly strict: boolean;
  readonly scopes: number;
  readonly checks: number;
  readonly counts: StatusCounts;
  readonly frameworks: readonly FrameworkSummary[];
  /** When it was judged, ISO 8601 in UTC. */
  readonly at: string;
}

/** A run of the policy, as `policy check -o json` prints it and as every report starts from. */
export interface PolicyRun {
  readonly summary: PolicySummary;
  readonly results: readonly CheckResult[];
  /**
   * The scopes whose configuration does not resolve, with the reason: their checks are unknown, and the run is not
   * `ok`. Absent where there are none.
   */
  readonly unresolved?: readonly Diagnostic[];
}

/** The severity of the finding that a result is shown as. */
export function diagnosticSeverityOf(severity: CheckSeverity): DiagnosticSeverity {
  return severity === "low" ? "info" : severity === "medium" ? "warning" : "error";
}
