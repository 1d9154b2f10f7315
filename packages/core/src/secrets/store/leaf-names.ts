import type { SopsFormat, SopsPath } from "../sops/index.ts";
import { formatSecretName, isPlainName, variableOfName, type SecretPath } from "./name.ts";

/**
 * The path that a secret has in a file: its keys in YAML and JSON, a variable's name in `.env` files, section
 * and key in INI files.
 */
export function sopsPathOf(name: SecretPath, format: SopsFormat): SopsPath {
  if (format === "env") return [variableOfName(name)];
  if (format !== "ini") return name;
  const [section = "", ...rest] = name;
  return rest.length === 0 ? ["DEFAULT", section] : [section, rest.join(".")];
}

/** The name of a value in a file, as manifests and lists show it. */
export function nameOfLeaf(path: SopsPath, format: SopsFormat): string {
  const keys = path.map(String);
  if (format !== "ini") return formatSecretName(keys);
  const [section = "", key = ""] = keys;
  // A dot in a key is as good as one between keys here, as INI files have no deeper levels.
  const inner = isPlainName(key.split(".")) ? key.split(".") : [key];
  return formatSecretName(section === "DEFAULT" ? inner : [section, ...inner]);
}

/** The name by which a file of this format knows a secret: `spotify.api_key` is `SPOTIFY_API_KEY` in `.env`. */
export function nameInFile(name: SecretPath, format: SopsFormat): string {
  return nameOfLeaf(sopsPathOf(name, format), format);
}

/** What is recorded under a name, and nothing that every object has, such as `constructor`. */
export function recordOf<T>(records: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(records, name) ? records[name] : undefined;
}

/** The values of a file by their place; the first one where several have the same. */
export type LeafIndex<Leaf> = ReadonlyMap<string, Leaf>;

/** Makes an index of a file's values, so that finding one does not take looking at all. */
export function indexLeaves<Leaf extends { readonly path: SopsPath }>(
  leaves: Iterable<Leaf>,
  format: SopsFormat,
): LeafIndex<Leaf> {
  const index = new Map<string, Leaf>();
  for (const leaf of leaves) {
    const key = keyOf(leaf.path);
    const known = format === "env" ? key.toUpperCase() : key;
    if (!index.has(known)) index.set(known, leaf);
  }
  return index;
}

/** The value that is the secret of this name. */
export function leafOf<Leaf>(index: LeafIndex<Leaf>, name: SecretPath, format: SopsFormat): Leaf | undefined {
  return index.get(keyOf(sopsPathOf(name, format)));
}

function keyOf(path: SopsPath): string {
  return JSON.stringify(path.map(String));
}
