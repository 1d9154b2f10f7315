import type { PlainValue } from "../model/plain.ts";

/** One `--set path=value`, or one entry of a library call. */
export type SetEntry =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly value: PlainValue };

/** What is to be resolved. */
export interface ResolveRequest {
  /** The name or an alias of an environment. */
  readonly environment: string;
  /** The tenant; without one, the layers that need a tenant do not apply. */
  readonly tenant?: string | undefined;
  /** Overrides by name, lowest first. */
  readonly overrides?: readonly string[] | undefined;
  readonly set?: readonly SetEntry[] | undefined;
  /** The names of layers to leave out. */
  readonly without?: readonly string[] | undefined;
}
