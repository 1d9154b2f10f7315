import type { Random } from "./random.ts";

/** A value of a generated configuration. */
export type Value = string | number | boolean | readonly string[];

/** A key that layers may set: its path, and what kind of value it has in every layer. */
export interface Key {
  readonly path: readonly string[];
  readonly kind: "string" | "integer" | "float" | "boolean";
}

const sections = [
  "application",
  "database",
  "cache",
  "ml_services",
  "security",
  "monitoring",
  "logging",
  "backup",
  "scaling",
  "compliance",
];
const groups = ["primary", "replica", "pool", "limits", "endpoints", "schedule"];
const names = [
  "host",
  "port",
  "enabled",
  "timeout_ms",
  "max_connections",
  "url",
  "ratio",
  "mode",
  "retries",
  "owner",
];
const kinds: readonly Key["kind"][] = [
  "string",
  "integer",
  "boolean",
  "integer",
  "integer",
  "string",
  "float",
  "string",
  "integer",
  "string",
];

/**
 * All single values that a layer may set: ten sections of six groups with ten values each, half of the groups
 * one map deeper, as in `database.pool.tuning.max_connections`.
 */
export const keys: readonly Key[] = sections.flatMap((section) =>
  groups.flatMap((group, index) =>
    names.map((name, at) => ({
      path: index % 2 === 0 ? [section, group, name] : [section, group, "tuning", name],
      kind: kinds[at] ?? "string",
    })),
  ),
);

/**
 * The paths of the lists that one layer sets. No other layer sets them: the contenders disagree on what
 * becomes of two lists (Lotse and node-config replace, defu appends), and the comparison needs one result.
 */
export function listPaths(layer: string): readonly (readonly string[])[] {
  return sections.map((section) => [section, "lists", `${layer}_names`]);
}

const words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty"];

/** A value for a key. */
export function valueFor(key: Key, random: Random): Value {
  switch (key.kind) {
    case "integer":
      return random.below(60_000);
    case "float":
      return (random.below(9_999) * 2 + 1) / 1000;
    case "boolean":
      return random.next() < 0.5;
    case "string":
      return key.path.at(-1) === "url"
        ? `https://${random.pick(words)}-${random.below(500)}.internal.example.com:${8000 + random.below(999)}/v1`
        : `${random.pick(words)}-${random.pick(words)}-${random.below(500)}`;
    default:
      return key.kind satisfies never;
  }
}

/** A list of two to six texts. */
export function listOf(random: Random): readonly string[] {
  return Array.from(
    { length: 2 + random.below(5) },
    () => `${random.pick(words)}-${random.below(100)}.example.com`,
  );
}
