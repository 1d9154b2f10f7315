import { LotseError, type Where } from "../../kernel/index.ts";
import { listNode, scalarNode, type Node } from "../model/node.ts";
import { TextSource, type Source } from "../model/source.ts";
import { defaultLimits } from "../parse/limits.ts";
import { readNumber } from "../parse/scalar.ts";
import { parseYaml } from "../parse/yaml.ts";
import type { Policy } from "./policy.ts";

/** A text from outside the files, with its place. */
export interface OutsideText {
  readonly text: string;
  readonly source: Source;
  readonly offset: number;
}

/**
 * Reads a text from a `.env` file or the process environment as the type that the schema gives to its path.
 * Where the schema says nothing, or allows a string, it stays a string.
 *
 * @throws LotseError `schema.coercion` where the text is nothing of the wanted type
 */
export function coerceText(outside: OutsideText, policy: Policy | undefined, path: string): Node {
  const types = policy?.types;
  const { text, source, offset } = outside;
  const asString = scalarNode({
    kind: "string",
    value: text,
    source,
    offset,
    hasReferences: text.includes("${"),
  });
  if (types === undefined || types.size === 0 || types.has("string") || isReference(text)) return asString;
  const node = readWanted(outside, types);
  if (node !== undefined) return node;
  throw coercionError(text, [...types], { ...source.where(offset), path }, policy?.secret === true);
}

/** A text that is one reference whole takes its type from what it refers to. */
function isReference(text: string): boolean {
  return text.startsWith("${") && text.endsWith("}");
}

function readWanted(outside: OutsideText, types: Policy["types"]): Node | undefined {
  const { text, source, offset } = outside;
  const number = readNumber(text.trim());
  if (number !== undefined && (types.has("number") || (types.has("integer") && number.kind === "integer"))) {
    return scalarNode({ ...number, source, offset });
  }
  const lower = text.trim().toLowerCase();
  if (types.has("boolean") && (lower === "true" || lower === "false")) {
    return scalarNode({ kind: "boolean", value: lower === "true", source, offset });
  }
  if (types.has("null") && (lower === "" || lower === "null")) {
    return scalarNode({ kind: "null", value: null, source, offset });
  }
  if (types.has("array") || types.has("object")) return readCollection(outside, types);
  return undefined;
}

/** A list or map in JSON or YAML flow form; for a list also texts between commas. */
function readCollection(outside: OutsideText, types: Policy["types"]): Node | undefined {
  const { text, source, offset } = outside;
  const trimmed = text.trim();
  if (trimmed.startsWith("[") || trimmed.startsWith("{")) {
    const parsed = parseFlow(trimmed);
    const fits = parsed?.kind === "list" ? types.has("array") : parsed?.kind === "map" && types.has("object");
    return fits && parsed !== undefined ? relocate(parsed, source, offset) : undefined;
  }
  if (!types.has("array")) return undefined;
  const parts = trimmed === "" ? [] : trimmed.split(",").map((part) => part.trim());
  const items = parts.map((part) =>
    scalarNode({ kind: "string", value: part, source, offset, hasReferences: part.includes("${") }),
  );
  return listNode(items, source, offset);
}

function parseFlow(text: string): Node | undefined {
  try {
    return parseYaml(new TextSource("", text), defaultLimits);
  } catch {
    return undefined;
  }
}

/** The same value, with all of it placed at one offset of another source. */
export function relocate(node: Node, source: Source, offset: number): Node {
  if (node.kind === "map") {
    const entries = new Map([...node.entries].map(([key, child]) => [key, relocate(child, source, offset)]));
    return { ...node, entries, source, offset };
  }
  if (node.kind === "list") {
    return { ...node, items: node.items.map((item) => relocate(item, source, offset)), source, offset };
  }
  return { ...node, source, offset };
}

function coercionError(text: string, types: readonly string[], where: Where, secret: boolean): LotseError {
  return new LotseError({
    code: "schema.coercion",
    message: `${secret ? "the text" : `"${text.slice(0, 80)}"`} cannot be read as ${types.join(" or ")}`,
    hint: `the schema wants ${types.join(" or ")} at ${where.path ?? "this path"}`,
    where,
  });
}
