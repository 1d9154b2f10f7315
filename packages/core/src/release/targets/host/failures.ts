import { isLotseError, LotseError, type ErrorCode } from "../../../kernel/index.ts";
import type { HostPlace } from "./spec.ts";

/** What happened on each host. */
export interface Gathered<T> {
  readonly done: ReadonlyMap<string, T>;
  readonly failed: ReadonlyMap<string, unknown>;
}

/** Does something on all hosts at once; where some fail, the rest goes on. */
export async function gather<T>(
  hosts: readonly HostPlace[],
  act: (host: HostPlace) => Promise<T>,
): Promise<Gathered<T>> {
  const results = await Promise.allSettled(hosts.map(act));
  const done = new Map<string, T>();
  const failed = new Map<string, unknown>();
  for (const [index, result] of results.entries()) {
    const name = hosts[index]?.name ?? "";
    if (result.status === "fulfilled") done.set(name, result.value);
    else failed.set(name, result.reason);
  }
  return { done, failed };
}

/** Two of them as one. */
export function together(one: Gathered<unknown>, other: Gathered<unknown>): Gathered<unknown> {
  return {
    done: new Map([...one.done, ...other.done]),
    failed: new Map([...one.failed, ...other.failed]),
  };
}

// What stops everything is told before what concerns one host.
const first: readonly ErrorCode[] = ["rollout.fence", "target.lock", "target.refused"];

function codeOf(errors: readonly LotseError[]): ErrorCode {
  const codes = new Set(errors.map(({ code }) => code));
  const urgent = first.find((code) => codes.has(code));
  const [only = "target.host"] = codes;
  return urgent ?? (codes.size === 1 ? only : "target.host");
}

/**
 * Throws when something failed, naming the hosts and telling where it was done.
 *
 * @throws the signal's reason when it was aborted; a defect as it is; otherwise a LotseError with the code that
 * all failures share, `rollout.fence`, `target.lock` or `target.refused` where one has it, or `target.host`
 */
export function throwFailed({ done, failed }: Gathered<unknown>, signal?: AbortSignal, as?: ErrorCode): void {
  if (failed.size === 0) return;
  signal?.throwIfAborted();
  const errors = [...failed.values()];
  const defect = errors.find((error) => !isLotseError(error));
  if (defect !== undefined) throw defect;
  const known = errors.filter(isLotseError);
  const code = codeOf(known);
  const rest = done.size === 0 ? "" : `; done on ${[...done.keys()].join(", ")}`;
  throw new LotseError({
    code: as !== undefined && code === "target.host" ? as : code,
    message: `${known.map(({ message }) => message).join("; ")}${rest}`,
    hint: known.find(({ hint }) => hint !== undefined)?.hint,
    retryable: known.every(({ retryable }) => retryable),
    cause: known[0],
  });
}
