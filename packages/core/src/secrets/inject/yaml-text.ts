/** What {@link toManifest} writes: maps, lists and scalars, without further kinds. */
export type ManifestValue =
  | string
  | number
  | boolean
  | readonly ManifestValue[]
  | { readonly [key: string]: ManifestValue };

/**
 * Writes a Kubernetes manifest as YAML in block style. Every text is in double quotes with JSON's escapes,
 * which YAML 1.1 and 1.2 readers understand alike, so that `no`, `1e3` and `0x10` stay texts.
 *
 * The kernel has no YAML, and what is needed here is a small part of it.
 *
 * @see https://yaml.org/spec/1.2.2/#73-flow-scalar-styles
 */
export function toManifest(value: { readonly [key: string]: ManifestValue }): string {
  return block(value, 0);
}

function block(value: ManifestValue, depth: number): string {
  const indent = "  ".repeat(depth);
  if (isList(value)) return value.map((item) => `${indent}- ${inItem(item, depth + 1)}`).join("");
  if (typeof value !== "object") return `${scalar(value)}\n`;
  return Object.entries(value)
    .map(([key, item]) => `${indent}${writeKey(key)}:${behindKey(item, depth)}`)
    .join("");
}

function behindKey(value: ManifestValue, depth: number): string {
  if (typeof value !== "object") return ` ${scalar(value)}\n`;
  if (isList(value)) return value.length === 0 ? " []\n" : `\n${block(value, depth + 1)}`;
  return Object.keys(value).length === 0 ? " {}\n" : `\n${block(value, depth + 1)}`;
}

/** An item's first line stands behind the dash, so its indentation is already there. */
function inItem(value: ManifestValue, depth: number): string {
  if (typeof value !== "object") return `${scalar(value)}\n`;
  return block(value, depth).slice(depth * 2);
}

function isList(value: ManifestValue): value is readonly ManifestValue[] {
  return Array.isArray(value);
}

function writeKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/u.test(key) && !ambiguousKey.test(key) ? key : quote(key);
}

/** Words that YAML 1.1 takes for something else than a text. */
const ambiguousKey = /^(?:y|n|yes|no|on|off|true|false|null)$/iu;

function scalar(value: string | number | boolean): string {
  return typeof value === "string" ? quote(value) : String(value);
}

/** JSON leaves characters as they are that YAML does not print or takes for a line end. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
