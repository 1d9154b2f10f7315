import { diagnosticOf, LotseError, type Diagnostic } from "../../kernel/index.ts";
import { isScalar, sameValue, whereOf, type Node } from "../model/node.ts";
import { joinKey } from "../model/path.ts";
import type { Policy } from "../schema/policy.ts";

/**
 * Finds where two layers of equal rank disagree: neither stands above the other, so a path that both set has
 * to be the same in both. Lists that the schema or a tag adds together do not disagree.
 */
export function findDisagreements(
  left: Node,
  right: Node,
  policy: Policy | undefined,
  path = "",
): readonly Diagnostic[] {
  if (left.kind === "map" && right.kind === "map") {
    const found: Diagnostic[] = [];
    for (const [key, child] of right.entries) {
      const other = left.entries.get(key);
      if (other !== undefined)
        found.push(...findDisagreements(other, child, policy?.child(key), joinKey(path, key)));
    }
    return found;
  }
  if (left.mark === right.mark && sameValue(left, right)) return [];
  if (!isScalar(left) && !isScalar(right) && addsUp(left, policy) && addsUp(right, policy)) return [];
  return [
    diagnosticOf(
      new LotseError({
        code: "layer.equal-rank",
        message: `${path} is set differently by two layers of equal rank`,
        hint: "set it in one of them, or give the files different ranks in lotse.yml",
        where: whereOf(right, path),
        related: [whereOf(left, path)],
      }),
    ),
  ];
}

function addsUp(node: Node, policy: Policy | undefined): boolean {
  const strategy = node.mark ?? policy?.strategy;
  return (
    strategy === "append" ||
    strategy === "prepend" ||
    strategy === "union" ||
    strategy === "byKey" ||
    strategy === "merge"
  );
}
