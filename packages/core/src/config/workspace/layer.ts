import type { WorkspaceFile } from "./definition.ts";

/** A layer that is read from files. All files that its patterns match have the same rank. */
export interface FileLayer {
  readonly kind: "files";
  readonly name: string;
  readonly patterns: readonly string[];
  readonly required: boolean;
}

/** A layer made of variables of the process environment that begin with a prefix. */
interface ProcessLayer {
  readonly kind: "process-environment";
  readonly name: string;
  readonly prefix: string;
}

/** The layer of `--set` and of values given to the library call. */
interface SetLayer {
  readonly kind: "set";
  readonly name: string;
}

/** A declared layer; its rank is its position in the list. */
export type Layer = FileLayer | ProcessLayer | SetLayer;

/** The layers of a workspace that declares none, lowest first. */
const defaultLayers: readonly Layer[] = [
  files("base", "base.yml"),
  files("environment", "{env}/{env}.yml", true),
  files("override", "{env}/overrides/{override}.yml", true),
  files("tier", "tiers/{tenant.tier}.yml"),
  files("region", "regions/{tenant.region}.yml"),
  files("tenant", "tenants/{tenant}.yml"),
  files("environment-tenant", "{env}/tenants/{tenant}.yml"),
  { kind: "process-environment", name: "process-environment", prefix: "LOTSE__" },
  { kind: "set", name: "set" },
];

function files(name: string, pattern: string, required = false): FileLayer {
  return { kind: "files", name, patterns: [pattern], required };
}

/** The layers that a workspace file declares, in one form. */
export function layersOf(file: WorkspaceFile): readonly Layer[] {
  return file.layers?.map(layerOf) ?? defaultLayers;
}

function layerOf(declared: NonNullable<WorkspaceFile["layers"]>[number]): Layer {
  if (typeof declared === "string") return files(nameOfPattern(declared), declared);
  if (!("from" in declared)) {
    const patterns = [...(declared.path === undefined ? [] : [declared.path]), ...(declared.paths ?? [])];
    return { kind: "files", name: declared.name, patterns, required: declared.required };
  }
  return declared.from === "set"
    ? { kind: "set", name: declared.name }
    : { kind: "process-environment", name: declared.name, prefix: declared.prefix };
}

/** The name of a layer that was declared by its pattern alone: the default's name, or the pattern itself. */
function nameOfPattern(pattern: string): string {
  const known = defaultLayers.find((layer) => layer.kind === "files" && layer.patterns[0] === pattern);
  return known?.name ?? pattern.replace(/\.[a-z]+$/u, "");
}

const placeholder = /\{([^{}]*)\}/gu;

/** The placeholders of a pattern, such as `env` or `tenant.tier`. */
export function placeholdersOf(pattern: string): readonly string[] {
  return [...pattern.matchAll(placeholder)].map((match) => match[1] ?? "");
}

/**
 * Puts values into a pattern.
 *
 * @returns `undefined` when a placeholder has no value, so that the layer does not apply
 */
export function fillPattern(
  pattern: string,
  valueOf: (placeholder: string) => string | undefined,
): string | undefined {
  let complete = true;
  const filled = pattern.replace(placeholder, (_, name: string) => {
    const value = valueOf(name);
    if (value === undefined) complete = false;
    return value ?? "";
  });
  return complete ? filled : undefined;
}
