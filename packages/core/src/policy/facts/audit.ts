import { cachedSource } from "./cached-source.ts";
import type { FactSource } from "./fact.ts";

/** What verifying the audit log came to. */
export interface AuditKnowledge {
  readonly ok: boolean;
  readonly entries: number;
  /** What is wrong, where something is. */
  readonly problem?: string | undefined;
  /** The names of the witnesses that keep checkpoints on other machines. */
  readonly witnesses?: readonly string[] | undefined;
  /** When it was verified, ISO 8601 in UTC. */
  readonly at: string;
}

/** Makes facts of the audit log's verification; they hold for the workspace, so for every scope. */
export function auditFacts({ ok, entries, problem, witnesses, at }: AuditKnowledge): FactSource {
  return cachedSource("audit", ["audit.verification", "audit.witnesses"], () => ({
    "audit.verification": {
      value: { ok, entries, ...(problem === undefined ? {} : { problem }) },
      path: "audit.verify",
      at,
    },
    "audit.witnesses":
      witnesses === undefined ? undefined : { value: witnesses, path: "audit.witnesses", at },
  }));
}
