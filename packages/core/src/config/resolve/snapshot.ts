import { LotseError, type Diagnostic, type Scope } from "../../kernel/index.ts";
import { childOf, formatPath, nodeAt, parsePath, type Path } from "../model/path.ts";
import type { MapNode, Node } from "../model/node.ts";
import { toPlain, type PlainValue } from "../model/plain.ts";
import { suggest } from "../model/spelling.ts";
import type { Policy } from "../schema/policy.ts";
import type { Step } from "./steps.ts";

/**
 * One scope's environment: every value with its origin, frozen. Values are the bound ones; the steps tell
 * how each layer contributed.
 */
export class Snapshot {
  readonly scope: Scope;
  /** The configuration with its references bound. */
  readonly root: MapNode;
  /** The merged configuration after each layer, lowest first, references as they are written. */
  readonly steps: readonly Step[];
  /** What is wrong with it, and locks that break-glass entries lift. */
  readonly diagnostics: readonly Diagnostic[];
  readonly policy: Policy | undefined;
  readonly #plain = new Map<string, PlainValue>();

  constructor(parts: {
    readonly scope: Scope;
    readonly root: MapNode;
    readonly steps: readonly Step[];
    readonly diagnostics: readonly Diagnostic[];
    readonly policy: Policy | undefined;
  }) {
    this.scope = parts.scope;
    this.root = parts.root;
    this.steps = parts.steps;
    this.diagnostics = parts.diagnostics;
    this.policy = parts.policy;
  }

  /** Whether it can be used: no finding is an error. */
  get ok(): boolean {
    return this.diagnostics.every((diagnostic) => diagnostic.severity !== "error");
  }

  /**
   * The value at a path as plain, frozen JavaScript; `undefined` where there is none.
   *
   * @throws LotseError `parse.path`
   */
  get(path: string): PlainValue | undefined {
    const known = this.#plain.get(path);
    if (known !== undefined) return known;
    const node = nodeAt(this.root, parsePath(path));
    if (node === undefined) return undefined;
    const value = toPlain(node);
    if (this.#plain.size < 4096) this.#plain.set(path, value);
    return value;
  }

  /** The node at a path, or `undefined`. @throws LotseError `parse.path` */
  node(path: string): Node | undefined {
    return nodeAt(this.root, parsePath(path));
  }

  /**
   * The node at a path.
   *
   * @throws LotseError `config.unknown-path` with the nearest name, `parse.path`
   */
  require(path: string): Node {
    const parsed = parsePath(path);
    const node = nodeAt(this.root, parsed);
    if (node === undefined) throw unknownPath(this.root, parsed);
    return node;
  }
}

function unknownPath(root: Node, path: Path): LotseError {
  let node = root;
  for (const [index, segment] of path.entries()) {
    const child = childOf(node, segment);
    if (child === undefined) {
      const parent = formatPath(path.slice(0, index), root);
      const keys = node.kind === "map" ? [...node.entries.keys()] : [];
      const place = parent === "" ? "at the top" : `in ${parent}`;
      const length =
        node.kind === "list" ? `the list has ${node.items.length} items` : suggest(segment, keys);
      return new LotseError({
        code: "config.unknown-path",
        message: `there is no "${segment}" ${place}`,
        hint: node.kind === "map" || node.kind === "list" ? length : `${parent} is a single value`,
        where: { path: formatPath(path, root) },
      });
    }
    node = child;
  }
  return new LotseError({ code: "internal.bug", message: `the path ${formatPath(path)} exists after all` });
}
