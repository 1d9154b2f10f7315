import type { Where } from "../../kernel/index.ts";
import { isScalar, type Node } from "../model/node.ts";
import { formatPath, nodeAt, parsePath, type Path } from "../model/path.ts";
import { policyAt } from "../reference/binder.ts";
import type { Policy } from "../schema/policy.ts";
import { layerOfSource } from "../resolve/engine.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import type { Step } from "../resolve/steps.ts";

/** One value that a layer offers for a path. */
export interface Candidate {
  readonly layer: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The value as the layer writes it; absent where the layer deletes the path. */
  readonly node: Node | undefined;
}

/** A lock on a path, as the schema states it. */
export interface LockInfo {
  readonly final?: true;
  readonly overridableBy?: readonly string[];
  readonly guard?: Readonly<Record<string, unknown>>;
}

/** Where a value comes from: the layer that won, how, under which lock, and over which others. */
export interface Explanation extends Omit<Candidate, "node"> {
  readonly path: string;
  readonly node: Node;
  /** How the layers at this path were merged, such as `replace` or `deep`. */
  readonly strategy: string;
  readonly lock: LockInfo | undefined;
  /** The value as it is written, where it is a reference. */
  readonly reference: string | undefined;
  /** The places of the values that the reference took in. */
  readonly through: readonly Where[];
  /** What lost, highest layer first. */
  readonly candidates: readonly Candidate[];
  /** Whether the schema says that it is a secret, so that its value is not to be shown. */
  readonly secret: boolean;
}

/**
 * Explains one path of a snapshot.
 *
 * @throws LotseError `config.unknown-path`, `parse.path`
 */
export function explain(snapshot: Snapshot, path: string): Explanation {
  const parsed = parsePath(path);
  const node = snapshot.require(path);
  const written = writtenPath(snapshot, parsed);
  const policy = policyAt(snapshot.policy, parsed, snapshot.root);
  const last = snapshot.steps.at(-1) as Step;
  const raw = nodeAt(last.root, written) ?? node;
  const winner = candidateOf(raw, winningLayer(snapshot.steps, written, raw));
  const { node: _, ...place } = winner;
  return {
    path: formatPath(parsed, snapshot.root),
    node,
    ...place,
    strategy: strategyOf(snapshot.steps, written, node, policy),
    lock: lockOf(policy),
    reference: isScalar(raw) && raw.hasReferences ? String(raw.value) : undefined,
    through: behind(node, raw).map((each) => each.source.where(each.offset)),
    candidates: losers(snapshot.steps, written, raw),
    secret: policy?.secret === true,
  };
}

/** The values that a reference took in. Below a reference to a map, the value itself stands behind it. */
function behind(node: Node, raw: Node): readonly Node[] {
  const through = isScalar(node) ? (node.through ?? []) : [];
  const elsewhere = node.source !== raw.source || node.offset !== raw.offset;
  return through.length === 0 && elsewhere && isScalar(raw) && raw.hasReferences ? [node] : through;
}

/** Explains every single value at or below a path, in document order. */
export function explainAll(snapshot: Snapshot, path: string): readonly Explanation[] {
  return leavesOf(snapshot.require(path), parsePath(path)).map((leaf) =>
    explain(snapshot, formatPath(leaf, snapshot.root)),
  );
}

/** The paths of all single values, empty maps and empty lists at or below a node. */
export function leavesOf(node: Node, path: Path): readonly Path[] {
  if (node.kind === "map" && node.entries.size > 0) {
    return [...node.entries].flatMap(([key, child]) => leavesOf(child, [...path, key]));
  }
  if (node.kind === "list" && node.items.length > 0) {
    return node.items.flatMap((item, index) => leavesOf(item, [...path, String(index)]));
  }
  return [path];
}

/** The longest part of a path that layers write: below a reference to a map, layers write nothing. */
function writtenPath(snapshot: Snapshot, path: Path): Path {
  const root = (snapshot.steps.at(-1) as Step).root;
  for (let length = path.length; length > 0; length--) {
    if (nodeAt(root, path.slice(0, length)) !== undefined) return path.slice(0, length);
  }
  return path;
}

function candidateOf(node: Node, layer: string): Candidate {
  const where = node.source.where(node.offset);
  return { layer, file: where.file ?? "", line: where.line ?? 1, column: where.column ?? 1, node };
}

/** The layer whose source the winning node has; for a merged map, the last layer that changed it. */
function winningLayer(steps: readonly Step[], path: Path, node: Node): string {
  const bySource = layerOfSource(steps, node.source);
  if (bySource !== undefined) return bySource;
  const changed = steps.findLast(
    (step) => nodeAt(step.root, path) !== nodeAt(step.below?.root ?? step.root, path),
  );
  return changed?.entry?.layer ?? "";
}

function losers(steps: readonly Step[], path: Path, winner: Node): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const step of steps.toReversed()) {
    const offered = offeredBy(step, path);
    if (offered === undefined || (offered.source === winner.source && offered.offset === winner.offset))
      continue;
    const candidate = candidateOf(offered, step.entry?.layer ?? "");
    found.push(offered.mark === "delete" ? { ...candidate, node: undefined } : candidate);
  }
  return found;
}

/** What one layer offers for a path: its own value there, or what it brought to a list that layers share. */
function offeredBy(step: Step, path: Path): Node | undefined {
  if (step.entry === undefined) return undefined;
  const own = nodeAt(step.entry.document.root, path);
  const merged = nodeAt(step.root, path);
  const below = step.below === undefined ? undefined : nodeAt(step.below.root, path);
  if (goesThroughList(step, path))
    return merged === below || merged?.source !== step.entry.document.source ? undefined : merged;
  return own;
}

function goesThroughList(step: Step, path: Path): boolean {
  return path.some((_, index) => nodeAt(step.root, path.slice(0, index))?.kind === "list");
}

function strategyOf(steps: readonly Step[], path: Path, node: Node, policy: Policy | undefined): string {
  const mark = steps
    .toReversed()
    .map((step) => (step.entry === undefined ? undefined : nodeAt(step.entry.document.root, path)?.mark))
    .find((found) => found !== undefined && found !== "delete");
  return mark ?? policy?.strategy ?? (node.kind === "map" ? "deep" : "replace");
}

function lockOf(policy: Policy | undefined): LockInfo | undefined {
  if (policy === undefined || !policy.locked) return undefined;
  return {
    ...(policy.final ? { final: true as const } : {}),
    ...(policy.overridableBy === undefined ? {} : { overridableBy: policy.overridableBy }),
    ...(policy.guard === undefined ? {} : { guard: policy.guard }),
  };
}
