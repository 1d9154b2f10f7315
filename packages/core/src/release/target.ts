import type { Sensitive } from "../kernel/index.ts";
import type { FilledFiles } from "./filled-files.ts";
import type { Materialised } from "./materialise.ts";
import type { Colour, Slot, TenantScope } from "./names.ts";
import type { Sticky, Weights } from "./step.ts";

/** What a target is to run in a slot. */
export interface Payload {
  readonly release: string;
  readonly version: string;
  /** The description of the target out of the release; the target checks it by its own schema. */
  readonly spec: unknown;
  /** Writes code and configuration into a directory that does not exist yet, every byte checked. */
  materialise(directory: string): Promise<Materialised>;
  /** What was rendered for the tenant, with its secrets: for where it runs, and for no other disk. */
  files?(): Promise<Sensitive<FilledFiles>>;
  /** The secret variables that the process gets beside those of the release; called once, at the start. */
  secrets?(): Promise<Readonly<Record<string, Sensitive<string>>>>;
}

/** What runs in one colour on one host. */
export interface ColourState {
  readonly colour: Colour;
  /** The name of the host; `local` on targets that have no hosts. */
  readonly host: string;
  readonly release: string;
  readonly version: string;
  /**
   * `stopped`: it was ended and can be started again; `backing-off`: it crashed and is about to be started
   * again; `exited`: it crashed and stays so; `unknown`: its host does not answer.
   */
  readonly state: "prepared" | "running" | "stopped" | "backing-off" | "exited" | "unknown";
  /** How often it was started again after a crash. */
  readonly restarts: number;
  readonly requests: number;
  /** Requests that got no complete answer from it, or one of 5xx. */
  readonly errors: number;
  /** Requests and upgraded connections it is at work on now. */
  readonly inFlight: number;
  /** Names what counts; where it is another one, the counts have begun anew. */
  readonly countedBy?: string;
  /** Further facts for people, such as the process number. */
  readonly detail: Readonly<Record<string, string | number | null>>;
}

/** What a tenant runs in an environment, as the target sees it. */
export interface TargetState {
  /** The colour that gets all new requests; null when none does, and while they are split. */
  readonly active: Colour | null;
  /** Shares of new requests by host. A host that is missing gets none. */
  readonly traffic: Readonly<Record<string, Weights>>;
  readonly colours: readonly ColourState[];
  /** Hosts that did not answer, with the reason; what is told of them is not to be relied on. */
  readonly unreachable: Readonly<Record<string, string>>;
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

/** Where a step acts, and what stops it. */
export interface On {
  /** Only these hosts. @defaultValue all */
  readonly hosts?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What an effect carries so that repeating it, and workers that were taken for dead, do no harm: a fence that
 * grows with each lock, and a key that is the same when a step is repeated.
 */
export interface Fencing {
  readonly fence: number;
  readonly key: string;
}

/**
 * The port to what runs releases. Every step can be repeated with the same effect, and may be interrupted at
 * any point by the death of the caller. A step acts on all hosts, or on those that are named; where some fail,
 * it goes on with the rest and then throws, naming those that failed. `testing/conformance.ts` holds what each
 * implementation must do.
 */
export interface Target {
  /** The `type` of its description in `lotse.yml`. */
  readonly type: string;
  /** The names of the hosts, in the order of the description; `["local"]` where there are none. */
  readonly hosts: readonly string[];
  /**
   * The same target, whose effects carry a fence and a key. An effect with an older fence than one that was
   * seen for the tenant fails with `rollout.fence` and changes nothing.
   */
  fenced(fencing: Fencing): Target;
  /** Where things stand; an unknown tenant runs nothing. Never from memory: a host is asked each time. */
  inspect(scope: TenantScope): Promise<TargetState>;
  /**
   * Puts a release in place; whatever was in the slot is removed first.
   *
   * @throws LotseError `target.refused` when the slot has traffic, `target.spec`, `target.port`, `target.host`
   */
  prepare(slot: Slot, payload: Payload, on?: On): Promise<void>;
  /** Starts what was prepared or stopped; it gets no traffic. @throws LotseError `target.start`, `target.refused` */
  start(slot: Slot, on?: On): Promise<void>;
  /**
   * Waits until it answers as healthy as often in a row as the description says.
   *
   * @throws LotseError `target.start` when it ended, `target.unhealthy` when the time is over
   */
  waitHealthy(slot: Slot, on?: On): Promise<void>;
  /**
   * Shares out new requests, on all hosts or on those that are named, in one step for each place that routes.
   * This is the commit point: when it returns, the choice survives the death of everything. While a colour that
   * crashed is being started again it may have requests; `sticky` is whether clients stay with their colour.
   *
   * @throws LotseError `target.refused` when a colour would get more requests that does not run there
   */
  route(
    scope: TenantScope,
    weights: Weights,
    on?: On & { readonly sticky?: Sticky | undefined },
  ): Promise<void>;
  /** Watches it under traffic for a while. @throws LotseError `target.verify` */
  verify(slot: Slot, on?: On): Promise<void>;
  /**
   * Runs a command beside what is in a slot: in its code's directory, with its variables.
   *
   * With the key of a command that has ended well it is not run again.
   *
   * @returns the last lines that it wrote, secrets taken out
   * @throws LotseError `target.hook` when its exit status is not 0 or its time is over
   */
  run(slot: Slot, command: readonly string[], on?: On & { readonly timeoutMs?: number }): Promise<string>;
  /**
   * Waits until a colour without new requests has finished its last, at most for its drain time. It is no error
   * when there is none, here and for `stop` and `retire`.
   */
  drain(slot: Slot, on?: On): Promise<Drained>;
  /** Ends what runs in a slot and keeps its files. @throws LotseError `target.refused` when it has traffic */
  stop(slot: Slot, on?: On): Promise<void>;
  /** Ends and removes what is in a slot. @throws LotseError `target.refused` when it has traffic */
  retire(slot: Slot, on?: On): Promise<void>;
}
