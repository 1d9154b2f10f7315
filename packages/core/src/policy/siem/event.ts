import { canonicalJson, digestOf, type AuditEvent } from "../../kernel/index.ts";
import type { CheckResult, CheckSeverity } from "../model.ts";

/** How urgent an event is for a SIEM. */
export type SiemSeverity = CheckSeverity | "info";

/** What all events have. */
interface CommonEvent {
  /** The version of this form; a new one may add properties, and never changes what one means. */
  readonly schema: "lotse.siem/1";
  /**
   * 64 hexadecimal digits: the same event sent twice has the same id. A finding keeps its own from run to run
   * until its status, its waiver or the values that it rests on change.
   */
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly severity: SiemSeverity;
  /** What happened, `noun.verb`; `policy.finding` for findings. */
  readonly action: string;
  readonly outcome: string;
  readonly environment: string | null;
  readonly tenant: string | null;
  /** One sentence for people. */
  readonly message: string;
}

/** An entry of the audit log. */
export interface SiemAuditEvent extends CommonEvent {
  readonly kind: "audit";
  readonly actor: { readonly kind: string; readonly id: string };
  readonly object: string;
  readonly version: string | null;
  /** Where it stands in the log, from 0. */
  readonly index: number;
  readonly request: string;
  readonly correlation: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** A result of a check that is no pass. */
export interface SiemPolicyEvent extends CommonEvent {
  readonly kind: "policy";
  readonly check: string;
  readonly status: string;
  readonly requirements: readonly string[];
  readonly evidence: readonly {
    readonly path: string;
    readonly layer: string | null;
    readonly file: string | null;
    readonly line: number | null;
  }[];
  readonly remedy: string;
  /** The id of the waiver that accepts it. */
  readonly waiver: string | null;
}

/** An event as a SIEM gets it, one JSON object a line; see `schemas/siem-event.json`. */
export type SiemEvent = SiemAuditEvent | SiemPolicyEvent;

/** An entry as the audit log keeps it. */
export interface LoggedEvent {
  /** Counts from 0 over the whole log. */
  readonly index: number;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly event: AuditEvent;
}

/** What is exported. */
export interface SiemInput {
  /** @defaultValue none */
  readonly audit?: readonly LoggedEvent[];
  /** What passes or does not apply is left out. @defaultValue none */
  readonly results?: readonly CheckResult[];
  /** When the results were judged, ISO 8601 in UTC. */
  readonly at: string;
}

/** Makes events of audit entries and findings, ordered by time, then as given. */
export function toSiemEvents({ audit = [], results = [], at }: SiemInput): readonly SiemEvent[] {
  const findings = results.filter(({ status }) => status !== "pass" && status !== "not-applicable");
  return [...audit.map(auditEvent), ...findings.map((result) => policyEvent(result, at))].sort(
    (left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0),
  );
}

function auditEvent({ index, time, event }: LoggedEvent): SiemAuditEvent {
  const { actor, scope, action, object, outcome } = event;
  const where =
    scope === undefined ? "" : ` in ${[scope.environment, scope.tenant].filter(Boolean).join(":")}`;
  return {
    schema: "lotse.siem/1",
    id: digestOf(canonicalJson({ index, time, action, object, request: event.request })),
    kind: "audit",
    time,
    severity: auditSeverity(event),
    action,
    outcome,
    environment: scope?.environment ?? null,
    tenant: scope?.tenant ?? null,
    message: `${actor.kind} ${actor.id}: ${action} ${object}${where}: ${outcome}`,
    actor: { kind: actor.kind, id: actor.id },
    object,
    version: event.version ?? null,
    index,
    request: event.request,
    correlation: event.correlation ?? event.request,
    details: { ...event.details },
  };
}

/** What was denied is what a SIEM watches for; break-glass lifts a lock, so its use is as loud. */
function auditSeverity({ action, outcome }: AuditEvent): SiemSeverity {
  if (outcome === "denied" || action.includes("break-glass")) return "high";
  return outcome === "failure" ? "medium" : "info";
}

function policyEvent(result: CheckResult, at: string): SiemPolicyEvent {
  const { check, environment, tenant, status, severity, message, evidence, waiver } = result;
  return {
    schema: "lotse.siem/1",
    id: digestOf(
      canonicalJson({
        check,
        environment,
        tenant,
        status,
        waiver: waiver?.id ?? null,
        evidence: evidence.map(({ path, valueHash }) => [path, valueHash ?? null]),
      }),
    ),
    kind: "policy",
    time: at,
    severity: status === "fail" ? severity : status === "waived" ? "info" : "low",
    action: "policy.finding",
    outcome: status,
    environment,
    tenant,
    message: `${result.title}: ${message}`,
    check,
    status,
    requirements: result.requirements.map(({ framework, id }) => `${framework} ${id}`),
    evidence: evidence.map((one) => ({
      path: one.path,
      layer: one.layer ?? null,
      file: one.file ?? null,
      line: one.line ?? null,
    })),
    remedy: result.remedy,
    waiver: waiver?.id ?? null,
  };
}

/** Writes an event as one line of JSON, without the line break. */
export function formatJsonLine(event: SiemEvent): string {
  return JSON.stringify(event);
}
