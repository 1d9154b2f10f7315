import type { Diagnostic } from "../../kernel/index.ts";

/** What a merge hands down: where it is, and where problems go. */
export interface MergeContext {
  /** The keys from the root to the present place; changed while descending. */
  readonly path: string[];
  readonly report: (problem: Diagnostic) => void;
}
