import { randomUUID } from "node:crypto";
import {
  auditedChange,
  isLotseError,
  type Actor,
  type AppendOptions,
  type AuditEvent,
  type AuditReceipt,
  type AuditSink,
} from "../kernel/index.ts";

/** What happened; who did it and in which request is the recorder's to add. */
export type Access = Pick<AuditEvent, "action" | "object"> &
  Partial<Pick<AuditEvent, "scope" | "version" | "fingerprint" | "details">>;

/** Tells the audit log what one call of Lotse does, before it takes effect. */
export class Recorder {
  readonly sink: AuditSink;
  readonly actor: Actor;
  /** One call of Lotse; the same in all its entries. */
  readonly request: string;
  readonly #correlation: string | undefined;
  #count = 0;

  /** @param variables - a pipeline's run is the correlation of all its calls */
  constructor(sink: AuditSink, actor: Actor, variables: Readonly<Record<string, string | undefined>>) {
    this.sink = sink;
    this.actor = actor;
    this.request = randomUUID();
    // A pipeline may set a variable and leave it empty.
    const run =
      variables["LOTSE_CORRELATION_ID"] || variables["GITHUB_RUN_ID"] || variables["CI_PIPELINE_ID"];
    this.#correlation = run ? run.slice(0, 200) : undefined;
  }

  /** How many accesses this call has recorded. */
  get count(): number {
    return this.#count;
  }

  /**
   * Records a read, before the value is handed out. The entry outlives this process; the wait for the disk
   * follows within a second, for all reads of that second together.
   *
   * @throws LotseError `audit.unavailable`
   */
  async read(access: Access): Promise<AuditReceipt> {
    return await this.#append({ ...this.#event(access), outcome: "success" }, { durability: "process" });
  }

  /** Records that something was refused. @throws LotseError `audit.unavailable` */
  async denied(access: Access): Promise<AuditReceipt> {
    return await this.#append({ ...this.#event(access), outcome: "denied" });
  }

  /**
   * Carries out a change between its intent and its outcome; see `auditedChange`.
   *
   * @throws LotseError `audit.unavailable`: nothing was changed then; and what `change` throws
   */
  async change<T>(
    access: Access,
    change: () => Promise<T>,
    describe?: (result: T) => Pick<AuditEvent, "version" | "fingerprint" | "details" | "outcome">,
  ): Promise<T> {
    this.#count += 1;
    return await auditedChange(this.sink, this.#event(access), change, describe);
  }

  /**
   * Carries out one change of several objects: all intents first, then the change, then each one's outcome.
   * Entries that belong together are handed over together, so that they share one wait for the disk.
   *
   * @throws LotseError `audit.unavailable`: nothing was changed when an intent could not be written; and what
   * `change` throws
   */
  async changeAll<A extends Access, T>(
    accesses: readonly A[],
    change: () => Promise<T>,
    describe: (
      result: T,
      access: A,
    ) => Pick<AuditEvent, "outcome" | "details"> & Partial<Pick<AuditEvent, "version">>,
  ): Promise<T> {
    const appendAll = (
      rest: (access: A) => Pick<AuditEvent, "outcome"> & Partial<AuditEvent>,
    ): Promise<unknown> =>
      Promise.all(accesses.map((access) => this.#append({ ...this.#event(access), ...rest(access) })));
    await appendAll(() => ({ outcome: "intent" }));
    let result: T;
    try {
      result = await change();
    } catch (error) {
      const code = isLotseError(error) ? error.code : "internal.bug";
      const outcome = code === "secret.denied" ? "denied" : "failure";
      await appendAll(() => ({ outcome, details: { code } }));
      throw error;
    }
    await appendAll((access) => describe(result, access));
    return result;
  }

  /** Carries out what records itself in the log, such as erasing from it. */
  async own<T>(act: () => Promise<T>): Promise<T> {
    const result = await act();
    this.#count += 1;
    return result;
  }

  async #append(event: AuditEvent, options?: AppendOptions): Promise<AuditReceipt> {
    const receipt = await this.sink.append(event, options);
    this.#count += 1;
    return receipt;
  }

  #event(access: Access): Omit<AuditEvent, "outcome"> {
    return {
      ...access,
      actor: this.actor,
      request: this.request,
      ...(this.#correlation === undefined ? {} : { correlation: this.#correlation }),
    };
  }
}
