import type { Snapshot } from "../../config/index.ts";
import type { Evidence } from "../model.ts";

/** What a fact may be: JSON. A secret stands as its reference, never as its content. */
export type FactValue =
  | string
  | number
  | boolean
  | null
  | readonly FactValue[]
  | { readonly [key: string]: FactValue };

/** Facts by name, as examples of checks write them. */
export type FactValues = Readonly<Record<string, FactValue>>;

/**
 * Something known about a scope, and how it is known. Never changed once made: verdicts are remembered by the
 * identity of the facts they rest on, so a source hands out the same object where nothing differs.
 */
export interface Fact {
  readonly value: FactValue;
  readonly evidence: Evidence;
  /** Why the value cannot be told although there is one: a rule that reads it ends as unknown. */
  readonly unknown?: string;
  /**
   * The evidence for a part of the value.
   *
   * @param path - keys and indexes below the value
   * @returns `undefined` where the source knows the place of the whole only
   */
  part?(path: readonly string[]): Evidence | undefined;
}

/** What a value is, in the catalogue and for the reader. */
export type FactKind = "text" | "number" | "flag" | "list" | "map";

/** Where facts come from besides the configuration; see {@link FactSource}. */
export interface FactScope {
  readonly environment: string;
  /** Null for an environment without tenants. */
  readonly tenant: string | null;
}

/**
 * The port for facts from elsewhere: records, secret metadata, the audit log, probes. A source is opened
 * first, which may wait for disks and networks; handing out facts does not wait. What a source does not know
 * it leaves out, and the checks that need it say `unknown`.
 */
export interface FactSource {
  /** Its name in evidence, such as `records`. */
  readonly name: string;
  /** The facts that it may hand out. */
  readonly provides: readonly string[];
  /**
   * What it knows about a scope; the same facts for scopes that do not differ.
   *
   * @param snapshot - the scope, resolved, where it is at hand
   */
  facts(scope: FactScope, snapshot?: Snapshot): ReadonlyMap<string, Fact>;
}

/** A fact with its evidence given as it is; for sources that know a place but no node. */
export function factOf(value: FactValue, evidence: Evidence): Fact {
  return { value, evidence };
}
