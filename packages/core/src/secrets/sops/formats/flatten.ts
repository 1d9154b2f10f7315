import type { SourceText } from "../source-text.ts";
import type { MetaMap, MetaValue } from "./adapter.ts";

/**
 * Metadata as single keys, for formats without nesting: `age__list_0__map_recipient`
 * (https://github.com/getsops/sops/blob/main/stores/flatten.go).
 */

/** Writes nested metadata as texts by flat keys, sorted. */
export function flattenMeta(metadata: MetaMap): ReadonlyMap<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of metadata) addFlat(flat, key, value);
  return new Map([...flat].toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
}

function addFlat(into: Map<string, string>, key: string, value: MetaValue): void {
  if (value instanceof Map) {
    for (const [name, inner] of value as MetaMap) addFlat(into, `${key}__map_${name}`, inner);
  } else if (Array.isArray(value)) {
    (value as readonly MetaValue[]).forEach((inner, at) => addFlat(into, `${key}__list_${at}`, inner));
  } else if (value !== null) {
    into.set(key, plainText(value).replaceAll("\n", "\\n"));
  }
}

function plainText(value: MetaValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Metadata is key_groups, a list of kinds, a list of keys and their fields, and no deeper. */
const maxSteps = 12;

type Tree = { readonly map: Map<string, Tree> } | { readonly list: Tree[] } | { readonly text: string };

/**
 * Reads flat keys as nested metadata; every value is a text.
 *
 * @throws LotseError `secret.format` where two keys contradict each other or a list has a gap
 */
export function unflattenMeta(flat: ReadonlyMap<string, string>, source: SourceText): MetaMap {
  const root: Map<string, Tree> = new Map();
  const fail = (key: string): Error =>
    source.fail(
      "secret.format",
      `the metadata key ${JSON.stringify(key.slice(0, 100))} does not fit the others`,
      {
        hint: "was the file merged or edited by hand?",
      },
    );
  // In natural order the items of a list come one after the other.
  const keys = [...flat.keys()].toSorted((left, right) => compareNatural(left, right));
  for (const key of keys) {
    const [first = "", ...steps] = key.split(/(?=__(?:map|list)_)/u);
    if (steps.length > maxSteps) throw fail(key);
    let place: { get(): Tree | undefined; set(tree: Tree): void } = mapPlace(root, first);
    for (const step of steps) {
      if (step.startsWith("__map_")) {
        const tree = place.get() ?? { map: new Map<string, Tree>() };
        place.set(tree);
        if (!("map" in tree)) throw fail(key);
        place = mapPlace(tree.map, step.slice("__map_".length));
      } else {
        const tree = place.get() ?? { list: [] };
        place.set(tree);
        const text = step.slice("__list_".length);
        const at = Number(text);
        if (!("list" in tree) || !/^\d{1,6}$/u.test(text) || at > tree.list.length) throw fail(key);
        place = { get: () => tree.list[at], set: (inner) => (tree.list[at] = inner) };
      }
    }
    if (place.get() !== undefined) throw fail(key);
    place.set({ text: (flat.get(key) ?? "").replaceAll("\\n", "\n") });
  }
  return new Map([...root].map(([key, tree]) => [key, valueOfTree(tree)]));
}

function mapPlace(map: Map<string, Tree>, key: string): { get(): Tree | undefined; set(tree: Tree): void } {
  return { get: () => map.get(key), set: (tree) => map.set(key, tree) };
}

function compareNatural(left: string, right: string): number {
  const padded = (key: string): string =>
    key.replaceAll(/__list_(\d{1,6})/gu, (_all, digits: string) => `__list_${digits.padStart(6, "0")}`);
  const [first, second] = [padded(left), padded(right)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function valueOfTree(tree: Tree): MetaValue {
  if ("text" in tree) return tree.text;
  if ("list" in tree) return tree.list.map((inner) => valueOfTree(inner));
  return new Map([...tree.map].map(([key, inner]) => [key, valueOfTree(inner)]));
}
