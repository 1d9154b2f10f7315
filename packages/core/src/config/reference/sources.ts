import type { Node, ScalarNode } from "../model/node.ts";
import type { Policy } from "../schema/policy.ts";
import type { Part } from "./template.ts";

/** What a lookup outside the configuration answers: a text, nothing, or a refusal with its reason. */
export type Lookup =
  | { readonly kind: "found"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "denied"; readonly reason: string };

/** What references read besides the configuration itself. */
export interface ReferenceSources {
  /** `${env:NAME}` */
  readonly env: (name: string) => Lookup;
  /** `${file:PATH}`, relative to the file that holds the reference; one that starts with `/` to the workspace. */
  readonly file: (path: string, from: string) => Lookup;
  /** Changes when what lies outside the configuration may have changed. */
  readonly epoch: () => number;
  /** Parses a node's references once for all scopes. @throws LotseError `reference.syntax` */
  readonly parts: (node: ScalarNode) => readonly Part[];
  readonly policy: Policy | undefined;
  /** Values that references may expand to in one scope. */
  readonly maxNodes: number;
}

/** Counts the values in a node. */
export function sizeOf(node: Node): number {
  if (node.kind === "map") {
    let size = 1;
    for (const child of node.entries.values()) size += sizeOf(child);
    return size;
  }
  if (node.kind === "list") return node.items.reduce((size, item) => size + sizeOf(item), 1);
  return 1;
}
