import { isScalarNode, type Node, type Policy, type Snapshot } from "../config/index.ts";

/**
 * The variables that a tenant's process gets besides its configuration file: the paths that the schema gives
 * a name with `x-env`. Secrets are left out, a release never holds them.
 */
export function variablesOf(snapshot: Snapshot): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  if (snapshot.policy !== undefined) collect(snapshot.root, snapshot.policy, found);
  return found;
}

function collect(node: Node, policy: Policy, found: Record<string, string>): void {
  if (policy.variable !== undefined && !policy.secret) {
    const text = textOf(node);
    if (text !== undefined) found[policy.variable] = text;
  }
  if (node.kind !== "map") return;
  for (const [key, child] of node.entries) {
    const inner = policy.child(key);
    if (inner !== undefined) collect(child, inner, found);
  }
}

function textOf(node: Node): string | undefined {
  if (!isScalarNode(node) || node.kind === "secret" || node.kind === "null") return undefined;
  return node.text ?? String(node.value);
}
