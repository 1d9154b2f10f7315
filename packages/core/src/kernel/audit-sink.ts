import { LotseError, isLotseError } from "./error.ts";
import type { Actor, Scope } from "./scope.ts";

/**
 * How an access ended. An `intent` is written before a change takes effect, so that no change goes
 * unrecorded; `success`, `failure` or `denied` follows it. A read is one entry, written before the value is
 * handed out.
 */
export type AuditOutcome = "intent" | "success" | "failure" | "denied";

/** One access, as it is told to the {@link AuditSink}. It never holds a secret value. */
export interface AuditEvent {
  readonly actor: Actor;
  /** The environment and tenant it is about; left out where it concerns the workspace as a whole. */
  readonly scope?: Scope;
  /** What was done, `noun.verb`: `secret.read`, `config.set`, `release.create`, `rollout.deploy`. */
  readonly action: string;
  /** What it was done to, such as a configuration path, a secret's name, a file or a release. */
  readonly object: string;
  /** The version of the object, such as `v1.2.3` or the number of a secret's version. */
  readonly version?: string;
  /** A keyed hash of a secret value, or the digest of a file: equal values give equal fingerprints. */
  readonly fingerprint?: string;
  /** One call of Lotse: the same in all entries of one command. */
  readonly request: string;
  /** What several calls have in common, such as a pipeline's run. @defaultValue the request */
  readonly correlation?: string;
  readonly outcome: AuditOutcome;
  /** Further facts in a few words, such as an error code. Nothing secret and nothing personal. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Where an entry stands in the log. */
export interface AuditReceipt {
  /** Counts from 0 over the whole log. */
  readonly index: number;
  /** Counts from 1 for each actor, without gaps. */
  readonly sequence: number;
}

/**
 * What an entry outlives from the moment that `append` resolves.
 *
 * - `disk`: everything, a power cut included.
 * - `process`: the end of the process, `kill -9` included, but not that of the machine. The wait for the disk
 *   follows within a second, one for all entries of that second (group commit).
 *
 * @see https://www.postgresql.org/docs/current/wal-async-commit.html for the same choice in a database
 */
export type Durability = "disk" | "process";

/** How an event is recorded. */
export interface AppendOptions {
  /** Only for what changes nothing: a change must not outlive its entry. @defaultValue "disk" */
  readonly durability?: Durability;
}

/** The port that every access is told to, before it takes effect. */
export interface AuditSink {
  /**
   * Records an event. When the promise resolves, the entry outlives what `durability` says, or more.
   *
   * @throws LotseError `audit.unavailable` when it cannot be written: the access must not happen then
   */
  append(event: AuditEvent, options?: AppendOptions): Promise<AuditReceipt>;
}

/** A sink that records nothing: for library calls and tests that have no log. */
export const noAudit: AuditSink = {
  append: () => Promise.resolve({ index: 0, sequence: 0 }),
};

/**
 * Carries out a change between its intent and its outcome. When the intent cannot be written, the change does
 * not happen; when the outcome cannot be written, the intent without an outcome tells of it, and the error is
 * thrown.
 *
 * @param describe - what the result adds to the outcome, such as the version that was made
 * @throws what `change` throws, after recording it as `failure`; LotseError `audit.unavailable`
 */
export async function auditedChange<T>(
  sink: AuditSink,
  event: Omit<AuditEvent, "outcome">,
  change: () => Promise<T>,
  describe: (result: T) => Pick<AuditEvent, "version" | "fingerprint" | "details" | "outcome"> = () => ({
    outcome: "success",
  }),
): Promise<T> {
  await sink.append({ ...event, outcome: "intent" });
  let result: T;
  try {
    result = await change();
  } catch (error) {
    const code = isLotseError(error) ? error.code : "internal.bug";
    const outcome = isLotseError(error) && error.code === "secret.denied" ? "denied" : "failure";
    await sink.append({ ...event, outcome, details: { ...event.details, code } }).catch((cause: unknown) => {
      throw new LotseError({
        code: "audit.unavailable",
        message: "a change failed, and the audit log could not take that either",
        hint: "lotse audit verify tells what is wrong with the log",
        cause: new AggregateError([error, cause]),
      });
    });
    throw error;
  }
  await sink.append({ ...event, ...describe(result) });
  return result;
}
