import { isLotseError, diagnosticOf, LotseError, type Diagnostic } from "../../kernel/index.ts";
import {
  isScalar,
  listNode,
  mapNode,
  scalarNode,
  whereOf,
  type MapNode,
  type Node,
  type ScalarNode,
} from "../model/node.ts";
import { childOf, formatPath, type Path } from "../model/path.ts";
import { SecretReference, type SecretPart } from "../model/secret.ts";
import { readPlain } from "../parse/scalar.ts";
import { coerceText } from "../schema/coercion.ts";
import type { Policy } from "../schema/policy.ts";
import { unresolvedHint } from "./hint.ts";
import { sizeOf, type Lookup, type ReferenceSources } from "./sources.ts";
import { wholeReference, type Part, type Reference } from "./template.ts";

/** How a binder deals with what it cannot resolve. */
export interface BinderOptions {
  /** Takes problems; in a binder without one, what cannot be resolved stays as it is written. */
  readonly report?: (problem: Diagnostic) => void;
  /** Whether an unresolved path is a problem. Without a tenant it is not: a tenant may supply it. */
  readonly complete: boolean;
}

interface Active {
  readonly key: string;
  readonly node: Node;
}

const maxTextLength = 1024 * 1024;
/** What all texts of one configuration may expand to together. */
const maxTotalLength = 64 * maxTextLength;
const maxSecretParts = 1024;
/** Maps, lists and references under way at the same time; keeps the call stack from running over. */
const maxActive = 600;

/**
 * Puts the values of references into one merged configuration. Works out each path once, on demand, so the
 * order of entries does not matter; a circle is reported with its whole way round.
 */
export class Binder {
  readonly #root: MapNode;
  readonly #sources: ReferenceSources;
  readonly #options: BinderOptions;
  readonly #bound = new Map<string, Node | undefined>();
  readonly #active: Active[] = [];
  readonly #activeKeys = new Map<string, number>();
  readonly #circles = new Set<string>();
  #copied = 0;
  #expanded = 0;
  #overflowed = false;

  constructor(root: MapNode, sources: ReferenceSources, options: BinderOptions) {
    this.#root = root;
    this.#sources = sources;
    this.#options = options;
  }

  /** The whole configuration with all references bound; what cannot be bound stays as it is written. */
  bindAll(): MapNode {
    return this.#bind(this.#root, []) as MapNode;
  }

  /** The bound value at a path; `undefined` where there is none or it cannot be bound. */
  valueAt(path: Path): Node | undefined {
    const found = this.#find(path);
    return found === undefined || (found.hasReferences && isScalar(found)) ? undefined : found;
  }

  #find(path: Path): Node | undefined {
    let node: Node = this.#root;
    for (const [index, segment] of path.entries()) {
      if (isScalar(node) && node.hasReferences) node = this.#bind(node, path.slice(0, index));
      const child = childOf(node, segment);
      if (child === undefined) return undefined;
      node = child;
    }
    return this.#bind(node, path);
  }

  #bind(node: Node, path: Path): Node {
    if (!node.hasReferences) return node;
    const key = formatPath(path, this.#root);
    const before = this.#bound.get(key);
    if (before !== undefined) return before;
    const circle = this.#activeKeys.get(key);
    if (circle !== undefined) {
      this.#failOnCircle(circle, node, key);
      return node;
    }
    if (this.#active.length >= maxActive && isScalar(node)) throw tooLarge(node);
    this.#activeKeys.set(key, this.#active.push({ key, node }) - 1);
    try {
      const bound = this.#bindInside(node, path, key);
      this.#bound.set(key, bound);
      return bound;
    } finally {
      this.#active.pop();
      this.#activeKeys.delete(key);
    }
  }

  #bindInside(node: Node, path: Path, key: string): Node {
    if (node.kind === "map") {
      const entries = new Map<string, Node>();
      for (const [name, child] of node.entries) entries.set(name, this.#bind(child, [...path, name]));
      return mapNode(entries, node.source, node.offset);
    }
    if (node.kind === "list") {
      const items = node.items.map((item, index) => this.#bind(item, [...path, String(index)]));
      return listNode(items, node.source, node.offset);
    }
    return this.#bindScalar(node, path, key);
  }

  #bindScalar(node: ScalarNode, path: Path, key: string): Node {
    try {
      const parts = this.#sources.parts(node);
      const whole = wholeReference(parts);
      if (whole !== undefined) return this.#whole(whole, node, path) ?? node;
      return this.#composed(parts, node, path) ?? node;
    } catch (error) {
      if (!isLotseError(error)) throw error;
      if (error.code === "reference.too-large") {
        if (this.#overflowed) return node;
        this.#overflowed = true;
      }
      const diagnostic = diagnosticOf(error);
      this.#options.report?.({ ...diagnostic, where: { ...whereOf(node), ...diagnostic.where, path: key } });
      return node;
    }
  }

  /** A reference that is the whole value: it keeps the type of what it refers to. */
  #whole(reference: Reference, node: ScalarNode, path: Path): Node | undefined {
    const { target } = reference;
    const at = { source: node.source, offset: node.offset };
    switch (target.kind) {
      case "secret":
        return scalarNode({ kind: "secret", value: new SecretReference([target]), ...at });
      case "env":
      case "file": {
        const text = this.#outside(reference, node);
        if (text !== undefined) {
          return asLiteral(coerceText({ text, ...at }, this.#policyAt(path), formatPath(path, this.#root)));
        }
        return this.#fallback(reference, node, path);
      }
      case "path": {
        const found = this.#target(reference, path);
        if (isEmpty(found) && reference.fallback !== undefined) return this.#fallback(reference, node, path);
        if (found === undefined) return this.#unresolved(reference, node, path);
        if (isScalar(found)) {
          return found.hasReferences
            ? undefined
            : scalarNode({ ...found, ...at, mark: undefined, through: [found] });
        }
        this.#copied += sizeOf(found);
        if (this.#copied > this.#sources.maxNodes) throw tooLarge(node);
        return { ...found, ...at };
      }
      default:
        return target satisfies never;
    }
  }

  /** A text with references in it. */
  #composed(parts: readonly Part[], node: ScalarNode, path: Path): Node | undefined {
    const pieces: SecretPart[] = [];
    const through: Node[] = [];
    for (const part of parts) {
      const value = part.kind === "text" ? part.text : this.#whole(part, node, path);
      if (value === undefined) return undefined;
      if (typeof value === "string") pieces.push({ kind: "text", text: value });
      else if (!isScalar(value)) throw this.#notText(part as Reference, value, node);
      else if (value.value instanceof SecretReference) pieces.push(...value.value.parts);
      else pieces.push({ kind: "text", text: value.text ?? String(value.value ?? "") });
      if (typeof value !== "string" && isScalar(value)) through.push(...(value.through ?? []));
    }
    const at = {
      source: node.source,
      offset: node.offset,
      through: through.length === 0 ? undefined : through,
    };
    const texts = pieces.map((piece) => (piece.kind === "text" ? piece.text : ""));
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    const secret = texts.length > pieces.filter((piece) => piece.kind === "text").length;
    this.#expanded += length;
    if (
      length > maxTextLength ||
      this.#expanded > maxTotalLength ||
      (secret && pieces.length > maxSecretParts)
    )
      throw tooLarge(node);
    if (secret) return scalarNode({ kind: "secret", value: new SecretReference(pieces), ...at });
    const text = texts.join("");
    return scalarNode({ kind: "string", value: text, ...at });
  }

  #target(reference: Reference, path: Path): Node | undefined {
    const { target } = reference;
    if (target.kind !== "path") return undefined;
    if (target.up === undefined) return this.#find(target.path);
    const base = path.slice(0, Math.max(0, path.length - 1 - target.up));
    return this.#find([...base, ...target.path]);
  }

  #outside(reference: Reference, node: ScalarNode): string | undefined {
    if (this.#expanded > maxTotalLength) throw tooLarge(node);
    const { target } = reference;
    const lookup: Lookup =
      target.kind === "env"
        ? this.#sources.env(target.name)
        : target.kind === "file"
          ? this.#sources.file(target.path, node.source.file)
          : { kind: "missing" };
    if (lookup.kind === "found" && (lookup.text !== "" || reference.fallback === undefined)) {
      this.#expanded += lookup.text.length;
      return lookup.text;
    }
    if (lookup.kind === "denied") {
      throw new LotseError({
        code: "reference.denied",
        message: `${reference.text} may not be read: ${lookup.reason}`,
        hint: "allow it under `references` in lotse.yml if that is meant",
        where: whereOf(node),
      });
    }
    return undefined;
  }

  #fallback(reference: Reference, node: ScalarNode, path: Path): Node | undefined {
    if (reference.fallback === undefined) return this.#unresolved(reference, node, path);
    const nested = wholeReference(reference.fallback);
    if (nested !== undefined) return this.#whole(nested, node, path);
    const composed = this.#composed(reference.fallback, node, path);
    if (composed?.kind !== "string") return composed;
    const text = String(composed.value);
    const at = { source: node.source, offset: node.offset };
    const policy = this.#policyAt(path);
    if (policy !== undefined && policy.types.size > 0) {
      const read = asLiteral(coerceText({ text, ...at }, policy, formatPath(path, this.#root)));
      return isScalar(read) ? scalarNode({ ...read, through: composed.through }) : read;
    }
    return scalarNode({ ...readPlain(text), ...at, through: composed.through });
  }

  #unresolved(reference: Reference, node: ScalarNode, path: Path): undefined {
    const { target } = reference;
    if (target.kind === "path" && !this.#options.complete) return undefined;
    throw new LotseError({
      code: "reference.unresolved",
      message: `${reference.text} refers to nothing`,
      hint: unresolvedHint(reference, path, this.#root),
      where: whereOf(node),
    });
  }

  #notText(reference: Reference, value: Node, node: ScalarNode): LotseError {
    return new LotseError({
      code: "reference.kind",
      message: `${reference.text} is a ${value.kind} and cannot stand inside a text`,
      hint: "refer to one of its values, or make the reference the whole value",
      where: whereOf(node),
    });
  }

  #policyAt(path: Path): Policy | undefined {
    return policyAt(this.#sources.policy, path, this.#root);
  }

  /** @throws LotseError `reference.cycle`, the first time a circle is met */
  #failOnCircle(from: number, node: Node, key: string): void {
    const round = this.#active.slice(from);
    const steps = round.filter((step) => isScalar(step.node)).map((step) => step.key);
    const id = [...steps].sort().join("\n");
    if (this.#circles.has(id)) return;
    this.#circles.add(id);
    const way = isScalar(node) ? [...steps, key] : [key, ...steps, key];
    throw new LotseError({
      code: "reference.cycle",
      message: `references form a circle: ${way.join(" → ")}`,
      hint: "give one of them a value of its own",
      where: whereOf(node, key),
      related: round.filter((step) => isScalar(step.node)).map((step) => whereOf(step.node, step.key)),
    });
  }
}

function tooLarge(node: ScalarNode): LotseError {
  return new LotseError({
    code: "reference.too-large",
    message: "references expand to more than the limit",
    hint: "break the chain of references that lead to each other or double each other",
    where: whereOf(node),
  });
}

/** What comes from outside is text: a `${` in it is no reference. */
function asLiteral(node: Node): Node {
  if (!node.hasReferences) return node;
  if (node.kind === "map") {
    const entries = new Map([...node.entries].map(([key, child]) => [key, asLiteral(child)]));
    return { ...node, entries, hasReferences: false };
  }
  if (node.kind === "list") return { ...node, items: node.items.map(asLiteral), hasReferences: false };
  return { ...node, hasReferences: false };
}

function isEmpty(node: Node | undefined): boolean {
  return node === undefined || node.kind === "null" || (node.kind === "string" && node.value === "");
}

/** The policy at a path of a configuration; list indexes lead to the policy of items. */
export function policyAt(root: Policy | undefined, path: Path, node: Node | undefined): Policy | undefined {
  let policy = root;
  let at = node;
  for (const segment of path) {
    if (policy === undefined) return undefined;
    policy = at?.kind === "list" ? policy.items : policy.child(segment);
    at = at === undefined ? undefined : childOf(at, segment);
  }
  return policy;
}
