import { diagnosticOf, LotseError, type Diagnostic } from "../../kernel/index.ts";
import { describeKind, isUnbound, sameKind } from "../merge/kind.ts";
import { isScalar, whereOf, type Node } from "../model/node.ts";
import { formatPath, nodeAt, type Path } from "../model/path.ts";
import type { Step } from "./steps.ts";

/**
 * Finds the values whose kind a layer changes through a reference. What a reference stands for is not known
 * while layers merge, so this is checked once it can be bound.
 */
export function findKindChanges(step: Step): readonly Diagnostic[] {
  const { entry, below } = step;
  if (entry === undefined || below === undefined) return [];
  if (!entry.document.root.hasReferences && !below.root.hasReferences) return [];
  const found: Diagnostic[] = [];
  visit(entry.document.root, [], (own, path) => {
    const lower = nodeAt(below.root, path);
    if (lower === undefined || !(isUnbound(own) || isUnbound(lower))) return;
    const [was, is] = [below.binder.valueAt(path), step.binder.valueAt(path)];
    if (
      was === undefined ||
      is === undefined ||
      is.kind === "secret" ||
      was.kind === "secret" ||
      sameKind(was, is)
    )
      return;
    found.push(
      kindChange(
        own,
        lower,
        path,
        `changes from ${describeKind(was)} to ${describeKind(is)} through a reference`,
      ),
    );
  });
  return found;
}

/** Visits what merges at a path: single values and lists, but nothing that is tagged to replace or delete. */
function visit(node: Node, path: Path, act: (node: Node, path: Path) => void): void {
  if (node.mark === "replace" || node.mark === "delete") return;
  if (isScalar(node) || node.kind === "list") {
    act(node, path);
    return;
  }
  for (const [key, child] of node.entries) visit(child, [...path, key], act);
}

function kindChange(own: Node, lower: Node, path: Path, what: string): Diagnostic {
  const text = formatPath(path);
  return diagnosticOf(
    new LotseError({
      code: "merge.kind-change",
      message: `${text} ${what}`,
      hint: "correct the value, or tag it !replace if the change is meant",
      where: whereOf(own, text),
      related: [whereOf(lower, text)],
    }),
  );
}
