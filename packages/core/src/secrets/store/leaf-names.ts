import type { StructureLeaf } from "../manifest/index.ts";
import type { SopsFormat, SopsPath } from "../sops/index.ts";
import { formatSecretName, variableOfName, type SecretPath } from "./name.ts";

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
  if (format === "ini" && path[0] === "DEFAULT") return path.slice(1).join(".");
  return formatSecretName(path.map(String));
}

/** Whether a value of a file is the secret of this name. */
export function isLeafOf(leaf: Pick<StructureLeaf, "path">, wanted: SopsPath, format: SopsFormat): boolean {
  if (leaf.path.length !== wanted.length) return false;
  return leaf.path.every((key, index) => {
    const other = String(wanted[index]);
    return format === "env" ? String(key).toUpperCase() === other : String(key) === other;
  });
}
