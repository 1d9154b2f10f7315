import { isLotseError } from "../../kernel/index.ts";
import { scalarNode, type Node } from "../model/node.ts";
import { TextSource } from "../model/source.ts";
import { parseValue } from "../parse/document.ts";
import type { Limits } from "../parse/limits.ts";
import type { Policy, TypeName } from "../schema/policy.ts";

/** How the text of a new value is read; see {@link readNewValue}. */
export interface ReadOptions {
  /** Take the text as it is. @defaultValue false */
  readonly asString: boolean | undefined;
  /** What the schema says about the value's path. */
  readonly policy: Policy | undefined;
  readonly limits: Limits;
}

/**
 * Reads a new value as YAML. It is a text instead where that was asked for, or where the schema takes a text
 * and not what YAML reads; so is one that YAML takes for nothing, such as `#fff`, or for less than it is, such as
 * `a # b` and an unquoted text of several lines.
 *
 * @throws LotseError `parse.*` for a value that is not YAML
 */
export function readNewValue(text: string, options: ReadOptions): Node {
  const source = new TextSource("the value", text);
  const hasReferences = text.includes("${");
  const asText = scalarNode({ kind: "string", value: text, source, offset: 0, hasReferences });
  if (options.asString === true) return asText;
  const types = options.policy?.types ?? new Set<TypeName>();
  try {
    const node = parseValue(source, options.limits);
    if (node === undefined || losesText(node, text)) return asText;
    return types.has("string") && node.mark === undefined && !fits(node, types) ? asText : node;
  } catch (error) {
    if (types.has("string") && isLotseError(error)) return asText;
    throw error;
  }
}

/**
 * Whether an unquoted text would come out shorter than it is: YAML takes what follows ` #` for a comment, and
 * folds line breaks, as in a certificate.
 */
function losesText(node: Node, text: string): boolean {
  const isPlain = !/^\s*["'!&*|>]/u.test(text);
  return node.kind === "string" && isPlain && node.value !== text.trim();
}

function fits(node: Node, types: ReadonlySet<TypeName>): boolean {
  switch (node.kind) {
    case "map":
      return types.has("object");
    case "list":
      return types.has("array");
    case "float":
      return types.has("number") || (types.has("integer") && Number.isInteger(node.value));
    case "integer":
      return types.has("integer") || types.has("number");
    case "boolean":
    case "null":
      return types.has(node.kind);
    case "string":
    case "secret":
      return true;
    default:
      return node satisfies never;
  }
}
