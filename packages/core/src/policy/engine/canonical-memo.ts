import { isScalarNode, toCanonicalJson, type Node } from "../../config/index.ts";

/**
 * Writes canonical JSON and remembers the text of every map and list, so that what scopes share is written
 * once. The texts are those of `toCanonicalJson`.
 */
export class CanonicalMemo {
  readonly #known = new WeakMap<Node, string>();

  /** The canonical JSON of a node. */
  textOf(node: Node): string {
    if (isScalarNode(node)) return toCanonicalJson(node);
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const text = node.kind === "map" ? this.#map(node.entries) : this.#list(node.items);
    this.#known.set(node, text);
    return text;
  }

  #map(entries: ReadonlyMap<string, Node>): string {
    const parts = [...entries.keys()]
      .sort()
      .map((key) => `${JSON.stringify(key)}:${this.textOf(entries.get(key) as Node)}`);
    return `{${parts.join(",")}}`;
  }

  #list(items: readonly Node[]): string {
    return `[${items.map((item) => this.textOf(item)).join(",")}]`;
  }
}
