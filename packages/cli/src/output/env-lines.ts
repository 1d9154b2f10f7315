import {
  leavesOf,
  nodeAt,
  parsePath,
  policyAt,
  variableName,
  variableText,
  writeDotenv,
  type Node,
  type Snapshot,
} from "@lotse/core/config";

/**
 * An environment as the lines of a `.env` file: each single value below a node under the name that the schema
 * gives it with `x-env`, or under its path in capitals with two underscores between the parts.
 */
export function environmentText(snapshot: Snapshot, node: Node, path: string | undefined): string {
  const variables = new Map<string, string>();
  for (const leaf of leavesOf(node, parsePath(path ?? ""))) {
    const value = nodeAt(snapshot.root, leaf);
    if (value === undefined) continue;
    const name = policyAt(snapshot.policy, leaf, snapshot.root)?.variable ?? variableName(leaf);
    variables.set(name, variableText(value));
  }
  return writeDotenv(variables);
}
