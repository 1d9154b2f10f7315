import {
  nodeAt,
  parsePath,
  suggest,
  type Node,
  type SecretReference,
  type Snapshot,
} from "../config/index.ts";
import { formatScope, isLotseError, LotseError, type Sensitive } from "../kernel/index.ts";
import { LazySections } from "./template-sections.ts";
import { writtenFloat, type MissingName } from "../templates/index.ts";

/**
 * Opens what a handle names: its secrets, with the text between them. The use case that reads secrets plugs it in, and
 * records each access.
 */
export type SecretRevealer = (reference: SecretReference) => Promise<Sensitive<string>>;

/** What stands in a template for a secret handle. */
type SecretValue = (reference: SecretReference) => unknown;

/** Values of maps and lists by their nodes; templates never change what they are given. */
export type ValueMemo = WeakMap<Node, object>;

/** In an ordinary file a secret stays what the layers write: `${secret:path#field}`. */
const asReference: SecretValue = String;

/**
 * What templates see of a configuration: its keys, and `lotse` with `environment`, `tenant` (none where there is no
 * tenant) and, where it is known, `workspace`. Nothing in it depends on the time or the machine.
 *
 * @param memo - what was made of nodes before, with the same `secretValue`: scopes share most of their nodes
 * @throws LotseError `template.error` for a configuration that has a key `lotse` of its own
 */
export function variablesFor(
  snapshot: Snapshot,
  workspace: string | undefined,
  secretValue: SecretValue = asReference,
  memo: ValueMemo = new WeakMap(),
): ReadonlyMap<string, unknown> {
  const { environment, tenant } = snapshot.scope;
  const own = snapshot.root.entries.get("lotse");
  if (own !== undefined) {
    throw new LotseError({
      code: "template.error",
      message: "the configuration has a key lotse, which templates use for the environment and tenant",
      hint: "rename the key",
      where: own.source.where(own.offset),
    });
  }
  const lotse = new Map<string, unknown>([
    ["environment", environment],
    ["tenant", tenant ?? null],
    ...(workspace === undefined ? [] : [["workspace", workspace] as const]),
  ]);
  const { entries } = snapshot.root;
  return new LazySections([...entries.keys(), "lotse"], (name) => {
    const node = entries.get(name);
    return node === undefined ? lotse : templateValue(node, secretValue, memo);
  });
}

/** A node as the language knows it: integers and floats apart, floats with the text they were written with. */
function templateValue(node: Node, secretValue: SecretValue, memo: ValueMemo): unknown {
  switch (node.kind) {
    case "map":
    case "list": {
      const known = memo.get(node);
      if (known !== undefined) return known;
      const made =
        node.kind === "list"
          ? node.items.map((item) => templateValue(item, secretValue, memo))
          : new Map([...node.entries].map(([key, child]) => [key, templateValue(child, secretValue, memo)]));
      memo.set(node, made);
      return made;
    }
    case "secret":
      return secretValue(node.value as SecretReference);
    case "float":
      return writtenFloat(Number(node.value), node.text ?? String(node.value));
    case "string":
    case "integer":
    case "boolean":
    case "null":
      return node.value;
    default:
      return node satisfies never;
  }
}

/** What to do about a name that a template uses and the configuration lacks. */
export function missingHint(snapshot: Snapshot): (missing: MissingName) => string {
  const command = `lotse config get ${formatScope(snapshot.scope)}`;
  return ({ name, known, written }) => {
    const parent = knownParent(snapshot, written, name);
    const what = `${command}${parent === "" ? "" : ` ${parent}`} prints what there is`;
    if (known.length === 0) return what;
    const instead = suggest(name, known);
    return `${instead}${instead.endsWith("?") ? "" : ";"} ${what}`;
  };
}

/** The part of a dotted name in front of the missing one, where the configuration has it. */
function knownParent(snapshot: Snapshot, written: string, name: string): string {
  for (let at = written.lastIndexOf(`.${name}`); at > 0; at = written.lastIndexOf(`.${name}`, at - 1)) {
    const parent = written.slice(0, at);
    if (nodeOf(snapshot, parent) !== undefined) return parent;
  }
  return "";
}

/** The node at a path as the language writes it; `undefined` for what is none of the configuration's. */
export function nodeOf(snapshot: Snapshot, path: string): Node | undefined {
  try {
    return nodeAt(snapshot.root, parsePath(path));
  } catch (error) {
    if (isLotseError(error)) return undefined;
    throw error;
  }
}
