import type { Diagnostic } from "../../kernel/index.ts";
import { mapNode, type MapNode } from "../model/node.ts";
import { TextSource } from "../model/source.ts";
import { findDisagreements } from "../merge/agreement.ts";
import { mergeMaps } from "../merge/merge.ts";
import type { Document } from "../parse/document.ts";
import { Binder } from "../reference/binder.ts";
import type { ReferenceSources } from "../reference/sources.ts";
import type { Policy } from "../schema/policy.ts";
import type { LayerEntry } from "./entry.ts";
import { findKindChanges } from "./kinds.ts";

/** The configuration after one layer was merged over all below it. */
export class Step {
  /** The layer that was merged last; `undefined` for the empty start. */
  readonly entry: LayerEntry | undefined;
  readonly below: Step | undefined;
  /** The merged configuration, with its references as they are written. */
  readonly root: MapNode;
  /** What was wrong in merging this one layer. */
  readonly problems: readonly Diagnostic[];
  /** The steps made over this one; a document has several where different layers or ranks read it. */
  readonly next = new WeakMap<Document, Step[]>();
  readonly #sources: ReferenceSources;
  #binder: Binder | undefined;
  #kindChanges: readonly Diagnostic[] | undefined;
  #epoch: number | undefined;

  constructor(
    entry: LayerEntry | undefined,
    below: Step | undefined,
    merged: { readonly root: MapNode; readonly problems: readonly Diagnostic[] },
    sources: ReferenceSources,
  ) {
    this.entry = entry;
    this.below = below;
    this.root = merged.root;
    this.problems = merged.problems;
    this.#sources = sources;
  }

  /** The values whose kind this layer changes through a reference. */
  get kindChanges(): readonly Diagnostic[] {
    this.#kindChanges ??= findKindChanges(this);
    return this.#kindChanges;
  }

  /** Binds single paths as of this layer, without reporting: later layers may still supply what is missing. */
  get binder(): Binder {
    const epoch = this.#sources.epoch();
    if (this.#binder === undefined || this.#epoch !== epoch) {
      this.#binder = new Binder(this.root, this.#sources, { complete: false });
      this.#epoch = epoch;
    }
    return this.#binder;
  }
}

/**
 * Merges layers one after the other and remembers the result for every prefix of layers, so that what
 * tenants share is merged once. Documents are compared by identity; a changed file is a new document, and
 * the results of the old one are collected with it.
 */
export class MergeMemo {
  readonly #start: Step;
  readonly #policy: Policy | undefined;
  readonly #sources: ReferenceSources;

  constructor(policy: Policy | undefined, sources: ReferenceSources) {
    this.#policy = policy;
    this.#sources = sources;
    const root = mapNode(new Map(), new TextSource("", ""), 0);
    this.#start = new Step(undefined, undefined, { root, problems: [] }, sources);
  }

  /** The steps from the lowest layer to the highest; at least the empty start. */
  merge(entries: readonly LayerEntry[]): readonly Step[] {
    const steps = [this.#start];
    for (const entry of entries) steps.push(this.#after(steps.at(-1) as Step, entry));
    return steps;
  }

  #after(below: Step, entry: LayerEntry): Step {
    const made = below.next.get(entry.document) ?? [];
    const known = made.find(({ entry: other }) => other?.layer === entry.layer && other.rank === entry.rank);
    if (known !== undefined) return known;
    const step = mergeStep(below, entry, this.#policy, this.#sources);
    below.next.set(entry.document, [...made, step]);
    return step;
  }
}

/** Merges one layer over a step, without remembering it. */
export function mergeStep(
  below: Step,
  entry: LayerEntry,
  policy: Policy | undefined,
  sources: ReferenceSources,
): Step {
  const problems: Diagnostic[] = [];
  for (let at: Step | undefined = below; at?.entry?.layer === entry.layer; at = at.below) {
    if (at.entry.rank !== entry.rank) continue;
    problems.push(...findDisagreements(at.entry.document.root, entry.document.root, policy));
  }
  const context = { path: [], report: (problem: Diagnostic) => void problems.push(problem) };
  const root = mergeMaps(below.root, entry.document.root, policy, context);
  return new Step(entry, below, { root, problems }, sources);
}
