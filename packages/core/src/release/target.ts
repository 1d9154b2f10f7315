import type { Sensitive } from "../kernel/index.ts";
import type { Materialised } from "./materialise.ts";
import type { Colour, Slot, TenantScope } from "./names.ts";

/** What a target is to run in a slot. */
export interface Payload {
  readonly release: string;
  readonly version: string;
  /** The description of the target out of the release; the target checks it by its own schema. */
  readonly spec: unknown;
  /** Writes code and configuration into a directory that does not exist yet, every byte checked. */
  materialise(directory: string): Promise<Materialised>;
  /** The secret variables that the process gets beside those of the release; called once, at the start. */
  secrets?(): Promise<Readonly<Record<string, Sensitive<string>>>>;
}

/** What runs in one colour. */
export interface ColourState {
  readonly colour: Colour;
  readonly release: string;
  readonly version: string;
  /** `backing-off`: it crashed and is about to be started again; `exited`: it crashed and stays so. */
  readonly state: "prepared" | "running" | "backing-off" | "exited";
  /** How often it was started again after a crash. */
  readonly restarts: number;
  readonly requests: number;
  /** Requests that got no complete answer from it. */
  readonly errors: number;
  /** Requests and upgraded connections it is at work on now. */
  readonly inFlight: number;
  /** Further facts for people, such as the process number. */
  readonly detail: Readonly<Record<string, string | number | null>>;
}

/** What a tenant runs in an environment, as the target sees it. */
export interface TargetState {
  /** The colour that gets new requests; null when none does. */
  readonly active: Colour | null;
  readonly colours: readonly ColourState[];
  /** Requests that came while no colour had the traffic. */
  readonly unrouted: number;
  /** Where the tenant is reached; null when it has no place, or its place cannot be opened at present. */
  readonly url: string | null;
}

/** What {@link Target.drain} left. */
export interface Drained {
  /** Requests and connections that were still open when the time was over; 0 is what one wants. */
  readonly remaining: number;
}

/**
 * The port to what runs releases. Every step can be repeated with the same effect, and may be interrupted at
 * any point by the death of the caller. `testing/conformance.ts` holds what each implementation must do.
 */
export interface Target {
  /** The `type` of its description in `lotse.yml`. */
  readonly type: string;
  /** Where things stand; an unknown tenant runs nothing. */
  inspect(scope: TenantScope): Promise<TargetState>;
  /**
   * Puts a release in place; whatever was in the slot is removed first.
   *
   * @throws LotseError `target.refused` when the slot has the traffic, `target.spec`, `target.port`
   */
  prepare(slot: Slot, payload: Payload, signal?: AbortSignal): Promise<void>;
  /** Starts what was prepared; it gets no traffic. @throws LotseError `target.start`, `target.refused` */
  start(slot: Slot, signal?: AbortSignal): Promise<void>;
  /**
   * Waits until it answers as healthy.
   *
   * @throws LotseError `target.start` when it ended, `target.unhealthy` when the time is over
   */
  waitHealthy(slot: Slot, signal?: AbortSignal): Promise<void>;
  /**
   * Sends all new requests to a colour, or to none, in one step. This is the commit point: when it returns,
   * the choice survives the death of everything.
   *
   * @throws LotseError `target.refused` when nothing runs there
   */
  switchTo(scope: TenantScope, colour: Colour | null): Promise<void>;
  /** Watches it under traffic for a while. @throws LotseError `target.verify` */
  verify(slot: Slot, signal?: AbortSignal): Promise<void>;
  /** Waits until a colour without new requests has finished its last, at most for its drain time. */
  drain(slot: Slot, signal?: AbortSignal): Promise<Drained>;
  /** Ends and removes what is in a slot. @throws LotseError `target.refused` when it has the traffic */
  retire(slot: Slot): Promise<void>;
}
