import type { Node } from "../model/node.ts";
import { TextSource } from "../model/source.ts";
import { parseYaml } from "../parse/yaml.ts";

/**
 * Reads JSON that Lotse wrote itself into nodes, so that it can be printed in another form with its numbers
 * as they are.
 *
 * @throws LotseError `parse.*` for anything that is no JSON
 */
export function parseJson(text: string): Node {
  const limits = { maxFileBytes: text.length * 4, maxDepth: 500, maxNodes: text.length + 1 };
  const node = parseYaml(new TextSource("result", text), limits);
  if (node === undefined) throw new TypeError("an empty text is no JSON");
  return node;
}
