import { isLotseError, type Diagnostic, diagnosticOf, LotseError } from "../../kernel/index.ts";
import { listNode, mapNode, scalarNode, type MapNode, type Node } from "../model/node.ts";
import { formatPath, isForbiddenKey, parsePath, type Path } from "../model/path.ts";
import type { PlainValue } from "../model/plain.ts";
import { SecretReference } from "../model/secret.ts";
import { LabelledSource, TextSource, type Source } from "../model/source.ts";
import { defaultLimits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import type { Document } from "../parse/document.ts";
import { coerceText, relocate } from "../schema/coercion.ts";
import type { Policy, TypeName } from "../schema/policy.ts";
import { pathOfVariable } from "../schema/variable-path.ts";
import type { SetEntry } from "./request.ts";

/** A layer that is not a file, with what was wrong in it. */
export interface VariableLayer {
  readonly document: Document;
  readonly problems: readonly Diagnostic[];
}

/**
 * Makes a layer of the variables that begin with a prefix: `PREFIX` + `A__B__C` sets the path `a.b.c`. Names
 * are matched with the schema's keys without regard to case, `-` and `_`; what the schema does not know is
 * lower case. Values are texts, read as the type that the schema gives to the path.
 */
export function layerOfProcess(
  prefix: string,
  variables: Readonly<Record<string, string | undefined>>,
  policy: Policy | undefined,
): VariableLayer {
  const source = new LabelledSource("process environment");
  const builder = new TreeBuilder(source);
  for (const name of Object.keys(variables)
    .filter((key) => key.startsWith(prefix))
    .sort()) {
    const offset = source.add(`env:${name}`);
    builder.guard(offset, () => {
      const found = pathOfVariable(name.slice(prefix.length), policy);
      const text = variables[name] ?? "";
      const node = coerceText({ text, source, offset }, found.policy, formatPath(found.path));
      builder.put(found.path, node, offset);
    });
  }
  return builder.finish();
}

/** Makes the highest layer from `--set` entries and library values. */
export function layerOfSet(entries: readonly SetEntry[], policy: Policy | undefined): VariableLayer {
  const source = new LabelledSource("--set");
  const builder = new TreeBuilder(source);
  for (const entry of entries) {
    const offset = source.add(`--set ${entry.path}`);
    builder.guard(offset, () => {
      const path = parsePath(entry.path);
      if (path.length === 0) {
        throw new LotseError({
          code: "parse.path",
          message: "--set needs a path",
          hint: "write --set a.b=value",
        });
      }
      if (/\[\d+\]/u.test(entry.path)) {
        throw new LotseError({
          code: "parse.path",
          message: `${entry.path} is an item of a list, and a list is set as a whole`,
          hint: "write --set hosts='[a, b]', or --set hosts='!append [c]'",
        });
      }
      const node =
        "text" in entry
          ? readSetText(entry.text, policyOf(policy, path), source, offset)
          : nodeOfPlain(entry.value, source, offset);
      builder.put(path, node, offset);
    });
  }
  return builder.finish();
}

/**
 * A text after `--set path=` is read as YAML. Where the schema wants a string and nothing else, only quotes and
 * tags are, so that `*`, `#` and `: ` need no care.
 */
function readSetText(text: string, policy: Policy | undefined, source: Source, offset: number): Node {
  const types = policy?.types ?? new Set();
  const wantsText = types.has("string");
  const verbatim = scalarNode({
    kind: "string",
    value: text.trim(),
    source,
    offset,
    hasReferences: text.includes("${"),
  });
  if (wantsText && types.size === 1 && !/^\s*["'!]/u.test(text)) return verbatim;
  const parsed = wantsText ? tryParse(text) : parseYaml(new TextSource("--set", text), defaultLimits);
  if (parsed === undefined) return verbatim;
  const node = relocate(parsed, source, offset);
  const numeric = node.kind === "integer" || node.kind === "float" || node.kind === "boolean";
  const fits = types.has((node.kind === "float" ? "number" : node.kind) as TypeName);
  return wantsText && node.mark === undefined && numeric && !fits ? verbatim : node;
}

/** @returns `undefined` for what is no YAML, such as a text that begins with `@` */
function tryParse(text: string): Node | undefined {
  try {
    return parseYaml(new TextSource("--set", text), defaultLimits);
  } catch (error) {
    if (isLotseError(error) && error.code === "parse.syntax") return undefined;
    throw error;
  }
}

/**
 * Turns a JavaScript value into nodes that are all placed at one offset.
 *
 * @throws LotseError `usage.argument` for what no configuration can hold, `parse.forbidden-key`, `parse.too-deep`
 */
export function nodeOfPlain(value: PlainValue | undefined, source: Source, offset: number, depth = 0): Node {
  if (value === null || value === undefined) return scalarNode({ kind: "null", value: null, source, offset });
  if (value instanceof SecretReference) return scalarNode({ kind: "secret", value, source, offset });
  switch (typeof value) {
    case "string":
      return scalarNode({ kind: "string", value, source, offset, hasReferences: value.includes("${") });
    case "boolean":
      return scalarNode({ kind: "boolean", value, source, offset });
    case "bigint":
      return scalarNode({ kind: "integer", value, source, offset });
    case "number":
      if (!Number.isFinite(value)) throw noValue(String(value));
      return scalarNode({ kind: Number.isInteger(value) ? "integer" : "float", value, source, offset });
    case "object":
      return collectionOfPlain(value, source, offset, depth + 1);
    default:
      throw noValue(`a ${typeof value}`);
  }
}

function noValue(what: string): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: `${what} is no value of a configuration`,
    hint: "use texts, numbers, booleans, null, lists and plain objects",
  });
}

function collectionOfPlain(value: object, source: Source, offset: number, depth: number): Node {
  if (depth > maxPlainDepth) {
    throw new LotseError({
      code: "parse.too-deep",
      message: `the value is nested more than ${maxPlainDepth} deep`,
      hint: "flatten the value; it may contain itself",
    });
  }
  if (Array.isArray(value)) {
    const items = (value as readonly PlainValue[]).map((item) => nodeOfPlain(item, source, offset, depth));
    return listNode(items, source, offset);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw noValue("an object of a class");
  const entries = new Map<string, Node>();
  for (const key of Object.keys(value)) {
    if (isForbiddenKey(key)) {
      throw new LotseError({
        code: "parse.forbidden-key",
        message: `the key "${key}" is not allowed`,
        hint: "choose another name",
      });
    }
    entries.set(key, nodeOfPlain((value as Record<string, PlainValue>)[key], source, offset, depth));
  }
  return mapNode(entries, source, offset);
}

const maxPlainDepth = 256;

function policyOf(root: Policy | undefined, path: Path): Policy | undefined {
  return path.reduce<Policy | undefined>((policy, key) => policy?.child(key), root);
}

/** Puts values at paths and makes a document of them. A later value at the same path wins. */
class TreeBuilder {
  readonly #source: LabelledSource;
  readonly #root = new Map<string, Node>();
  readonly #problems: Diagnostic[] = [];

  constructor(source: LabelledSource) {
    this.#source = source;
  }

  guard(offset: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isLotseError(error)) throw error;
      const diagnostic = diagnosticOf(error);
      this.#problems.push({ ...diagnostic, where: { ...diagnostic.where, ...this.#source.where(offset) } });
    }
  }

  put(path: Path, node: Node, offset: number): void {
    let entries = this.#root;
    for (const key of path.slice(0, -1)) {
      const child = entries.get(key);
      const below = child?.kind === "map" ? child : undefined;
      const inner = new Map(below?.entries);
      entries.set(key, {
        kind: "map",
        entries: inner,
        source: this.#source,
        offset,
        mark: below?.mark,
        hasReferences: true,
        hasMarks: true,
      });
      entries = inner;
    }
    entries.set(path.at(-1) as string, node);
  }

  finish(): VariableLayer {
    const root = rebuild({
      kind: "map",
      entries: this.#root,
      source: this.#source,
      offset: 0,
      mark: undefined,
      hasReferences: false,
      hasMarks: false,
    });
    return { document: { source: this.#source, root, parents: [] }, problems: this.#problems };
  }
}

/** Works out the flags of maps that were built from the outside in. */
function rebuild(map: MapNode): MapNode {
  const entries = new Map<string, Node>();
  for (const [key, child] of map.entries) entries.set(key, child.kind === "map" ? rebuild(child) : child);
  return mapNode(entries, map.source, map.offset, map.mark);
}
