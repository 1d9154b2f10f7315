import {
  isScalarNode,
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
 * An environment as the lines of a `.env` file: what the schema names with `x-env` under that name, as a
 * whole; any other single value under its path in capitals with two underscores between the parts.
 */
export function environmentText(snapshot: Snapshot, path: string | undefined): string {
  const start = parsePath(path ?? "");
  const variables = new Map<string, string>();
  const visit = (node: Node, at: readonly string[]): void => {
    const name = policyAt(snapshot.policy, at, snapshot.root)?.variable;
    if (name !== undefined || isScalarNode(node)) variables.set(name ?? variableName(at), variableText(node));
    else if (node.kind === "list") variables.set(variableName(at), variableText(node));
    else for (const [key, child] of node.entries) visit(child, [...at, key]);
  };
  const node = nodeAt(snapshot.root, start);
  if (node !== undefined) visit(node, start);
  return writeDotenv(variables);
}
