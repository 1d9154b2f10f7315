import { diagnosticOf, LotseError, type Diagnostic } from "../../kernel/index.ts";
import { sameValue, whereOf, type ListNode, type MapNode, type Node } from "../model/node.ts";
import { joinKey } from "../model/path.ts";
import type { Policy } from "../schema/policy.ts";
import { mergeKeyOf, nameOf } from "./list.ts";
import { mergeKindOf } from "./merge.ts";

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
  if (left.kind === "map" && right.kind === "map" && isDeep(left, policy) && isDeep(right, policy)) {
    const found: Diagnostic[] = [];
    for (const [key, child] of right.entries) {
      const other = left.entries.get(key);
      if (other !== undefined)
        found.push(...findDisagreements(other, child, policy?.child(key), joinKey(path, key)));
    }
    return found;
  }
  if (left.mark === right.mark && sameValue(left, right)) return [];
  if (left.kind === "list" && right.kind === "list" && addsUp(left, policy) && addsUp(right, policy)) {
    return findInItems(left, right, policy, path);
  }
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

/** Whether a map is merged key by key. */
function isDeep(map: MapNode, policy: Policy | undefined): boolean {
  return map.mark === "merge" || (map.mark === undefined && (policy?.strategy ?? "deep") === "deep");
}

/** Items of the same name become one, so they must not disagree either. */
function findInItems(
  left: ListNode,
  right: ListNode,
  policy: Policy | undefined,
  path: string,
): readonly Diagnostic[] {
  const strategy =
    right.mark === "merge" ? mergeKindOf(left, right, policy) : (right.mark ?? policy?.strategy);
  if (strategy !== "byKey") return [];
  const key = mergeKeyOf(policy);
  const named = new Map(left.items.map((item) => [nameOf(item, key), item]));
  return right.items.flatMap((item) => {
    const name = nameOf(item, key);
    const other = name === undefined ? undefined : named.get(name);
    return name === undefined || other === undefined
      ? []
      : findDisagreements(other, item, policy?.items, joinKey(path, name));
  });
}

function addsUp(node: ListNode, policy: Policy | undefined): boolean {
  const strategy = node.mark ?? policy?.strategy;
  return (
    strategy === "append" ||
    strategy === "prepend" ||
    strategy === "union" ||
    strategy === "byKey" ||
    strategy === "merge"
  );
}
