import assert from "node:assert/strict";
import { isLotseError, type ErrorCode } from "../../kernel/index.ts";
import { colours, type Slot, type TenantScope } from "../names.ts";
import type { Payload, Target } from "../target.ts";
import { allTo } from "../weights.ts";

/** How the release of a case behaves: `brief` is healthy for the start and no longer after the switch. */
export type Behaviour = "good" | "crash" | "never-healthy" | "brief";

/** What the suite needs to try a target. */
export interface ConformanceHarness {
  readonly target: Target;
  /** A tenant that no other case uses. */
  newScope(): TenantScope;
  payload(version: string, behaviour: Behaviour): Payload;
  /** The version that answers a new request, or null when none does. */
  versionOf(scope: TenantScope): Promise<string | null>;
  /** Opens a request that lasts; the returned function ends it. */
  hold(scope: TenantScope): Promise<() => void>;
  /** Further means that targets need which really run something; see {@link RunningHarness}. */
  readonly running?: RunningHarness;
}

/** What a request got. */
interface HarnessAnswer {
  readonly status: number;
  readonly version: string | null;
  /** What a client would send back as `cookie`; empty where nothing was set. */
  readonly cookie: string;
}

/** What the cases of targets need that really run something. */
export interface RunningHarness {
  /** Sends a request to a tenant on a connection of its own. */
  request(scope: TenantScope, headers?: Readonly<Record<string, string>>): Promise<HarnessAnswer>;
  /** Makes the release answer a request with a status of 5xx. */
  fail(scope: TenantScope): Promise<void>;
  /** How far a share may be from its weight, in percent of the requests; 0 where the target is exact. */
  readonly tolerancePercent: number;
  /** Makes a host unreachable; the returned function brings it back. For targets with several hosts. */
  readonly cutOff?: ((host: string) => Promise<() => Promise<void>>) | undefined;
}

/** One thing that every target must do. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: (harness: ConformanceHarness) => Promise<void>;
}

/** Expects an error with one of these codes. @returns its message */
export async function rejects(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isLotseError(error), String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return error.message;
  }
  return assert.fail(`should have failed with ${codes.join(" or ")}`);
}

/** Prepares and starts a good release, and waits for its health. */
export async function bringUp(harness: ConformanceHarness, slot: Slot, version: string): Promise<void> {
  await harness.target.prepare(slot, harness.payload(version, "good"));
  await harness.target.start(slot);
  await harness.target.waitHealthy(slot);
}

/** Takes everything of a tenant away. */
export async function takeDown({ target }: ConformanceHarness, scope: TenantScope): Promise<void> {
  await target.route(scope, allTo(null));
  for (const colour of colours) await target.retire({ ...scope, colour });
  const { active, colours: left } = await target.inspect(scope);
  assert.deepEqual([active, left.length], [null, 0]);
}

/** A tenant that no other case uses, and its slots. */
export function slotsOf(harness: ConformanceHarness): { scope: TenantScope; blue: Slot; green: Slot } {
  const scope = harness.newScope();
  return { scope, blue: { ...scope, colour: "blue" }, green: { ...scope, colour: "green" } };
}
