import type { Document } from "../parse/document.ts";

/** One document in its place among the layers of a scope. */
export interface LayerEntry {
  /** The name of its layer. */
  readonly layer: string;
  /** Documents of equal rank must not disagree. */
  readonly rank: number;
  readonly document: Document;
}
