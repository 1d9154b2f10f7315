import { isScalar, type Node } from "../model/node.ts";

/**
 * Whether a value may stand in for another without `!replace`. `null` may stand for anything; integers and
 * floats are both numbers; what a reference stands for is checked when it is known.
 */
export function sameKind(low: Node, high: Node): boolean {
  if (low.kind === high.kind || low.kind === "null" || high.kind === "null") return true;
  if (isUnbound(low) || isUnbound(high)) return true;
  return isNumber(low) && isNumber(high);
}

function isNumber(node: Node): boolean {
  return node.kind === "integer" || node.kind === "float";
}

/** Whether a node is a text that is a reference, so that its kind is not known yet. */
export function isUnbound(node: Node): boolean {
  return isScalar(node) && node.hasReferences && /^\$\{[^]*\}$/u.test(String(node.value));
}

/** The word for a node's kind in messages. */
export function describeKind(node: Node): string {
  switch (node.kind) {
    case "integer":
      return "an integer";
    case "float":
      return "a number";
    case "null":
      return "null";
    default:
      return `a ${node.kind}`;
  }
}
