import { isScalar, type Node } from "../model/node.ts";
import type { Policy, TypeName } from "../schema/policy.ts";

/** A configuration in the form a JSON Schema validator takes, and which of its values are stand-ins. */
export interface Instance {
  readonly value: unknown;
  /** JSON pointers of values that are not known here: secret handles, and references without a tenant. */
  readonly opaque: ReadonlySet<string>;
}

/**
 * Turns a configuration into what a validator takes. A secret handle validates by the type that the schema
 * declares for it, so a value of that type stands in for it.
 */
export function instanceOf(root: Node, policy: Policy | undefined): Instance {
  const opaque = new Set<string>();
  return { value: convert(root, policy, "", opaque), opaque };
}

function convert(node: Node, policy: Policy | undefined, pointer: string, opaque: Set<string>): unknown {
  if (node.kind === "map") {
    const result: Record<string, unknown> = {};
    for (const [key, child] of node.entries) {
      result[key] = convert(child, policy?.child(key), `${pointer}/${escapePointer(key)}`, opaque);
    }
    return result;
  }
  if (node.kind === "list") {
    return node.items.map((item, index) => convert(item, policy?.items, `${pointer}/${index}`, opaque));
  }
  if (node.kind === "secret" || (isScalar(node) && node.hasReferences)) {
    opaque.add(pointer);
    return standIn(policy?.types);
  }
  return typeof node.value === "bigint" ? Number(node.value) : node.value;
}

function standIn(types: ReadonlySet<TypeName> | undefined): string | number | boolean {
  if (types === undefined || types.size === 0 || types.has("string")) return "opaque";
  if (types.has("integer") || types.has("number")) return 0;
  return types.has("boolean") ? true : "opaque";
}

/** Writes a key as a part of a JSON pointer (RFC 6901). */
function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Reads a JSON pointer (RFC 6901) into its parts. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
