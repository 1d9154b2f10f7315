import type { Actor, AuditEvent, AuditOutcome } from "@lotse/core/kernel";
import type { RolloutRequest } from "@lotse/core/release";
import type { TenantOutcome } from "./status.ts";

type Details = Readonly<Record<string, string | number>>;

/** The entry about a rollout as a whole: its intent when it is handed over, its outcome when it has ended. */
export function rolloutEvent(
  request: RolloutRequest,
  actor: Actor,
  outcome: AuditOutcome,
  details: Details = {},
): AuditEvent {
  const parts = { tenants: request.tenants.length, ...details };
  return { ...eventOf(request, actor, request.kind, outcome), details: parts };
}

/** The entry about how it ended for a tenant. */
export function tenantEvent(
  request: RolloutRequest,
  actor: Actor,
  tenant: string,
  { status, code }: TenantOutcome,
): AuditEvent {
  const good = status === "deployed" || status === "up-to-date";
  return {
    ...eventOf(request, actor, "tenant", good ? "success" : "failure"),
    scope: { environment: request.environment, tenant },
    details: { status, ...(code === undefined ? {} : { code }) },
  };
}

/** The entry about what somebody wants of a rollout that there is. */
export function commandEvent(
  request: RolloutRequest,
  actor: Actor,
  command: string,
  details: Details = {},
): AuditEvent {
  const event = eventOf(request, actor, command, "success");
  return Object.keys(details).length === 0 ? event : { ...event, details };
}

function eventOf(
  { id, environment, release }: RolloutRequest,
  actor: Actor,
  action: string,
  outcome: AuditOutcome,
): AuditEvent {
  return {
    actor,
    scope: { environment },
    action: `rollout.${action}`,
    object: id,
    version: release.version,
    fingerprint: release.id,
    request: id,
    outcome,
  };
}
