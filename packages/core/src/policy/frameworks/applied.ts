import { nodeAt, parsePath, suggest, type Snapshot } from "../../config/index.ts";
import type { Where } from "../../kernel/index.ts";
import type { PolicySettings } from "../settings.ts";

/** A framework that a tenant names, with the place. */
export interface NamedFramework {
  readonly id: string;
  readonly where: Where;
  /** What may have been meant. */
  readonly hint: string;
}

/** The frameworks of one scope. */
export interface AppliedFrameworks {
  /** The ids of those that are described, sorted. */
  readonly described: readonly string[];
  /** What nobody described: it would go unchecked, so the scope has a finding. */
  readonly undescribed: readonly NamedFramework[];
}

const none: readonly NamedFramework[] = [];

/**
 * The frameworks that apply to one tenant in one environment: what its configuration lists, what the settings
 * add for it, and where that is nothing, the default; further what applies to everybody. One customer's frameworks
 * never reach another.
 *
 * @param known - the ids of the frameworks there are
 */
export function appliedFrameworks(
  snapshot: Snapshot,
  settings: PolicySettings["frameworks"],
  known: ReadonlySet<string>,
): AppliedFrameworks {
  const listed = snapshot.get(settings.path);
  // One name without brackets, or something that is no name, must not go unchecked either.
  const named = (Array.isArray(listed) ? listed : [listed])
    .filter((item) => item !== undefined && item !== null && item !== "")
    .map((item) => (typeof item === "string" ? item : JSON.stringify(item).slice(0, 100)));
  const applied = frameworksOfSettings(settings, snapshot.scope.tenant, named);
  if (applied.every((name) => known.has(name))) return { described: applied, undescribed: none };
  return {
    described: applied.filter((name) => known.has(name)),
    undescribed: applied
      .filter((name) => !known.has(name))
      .map((id) => ({ id, where: placeOf(snapshot, settings.path, id), hint: suggest(id, [...known]) })),
  };
}

/** Where a name stands in the list; the list's own place for one that a reference puts in. */
function placeOf(snapshot: Snapshot, path: string, id: string): Where {
  const list = nodeAt(snapshot.root, parsePath(path));
  if (list === undefined) return { path };
  const index =
    list.kind === "list" ? list.items.findIndex((item) => item.kind === "string" && item.value === id) : -1;
  const node = list.kind === "list" ? (list.items[index] ?? list) : list;
  return { ...node.source.where(node.offset), path: index < 0 ? path : `${path}[${index}]` };
}

/**
 * The frameworks of a tenant as the settings have it, whether there are such or not.
 *
 * @param named - what its configuration lists. @defaultValue nothing
 */
export function frameworksOfSettings(
  settings: PolicySettings["frameworks"],
  tenant: string | undefined,
  named: readonly string[] = [],
): readonly string[] {
  const added = tenant === undefined ? [] : (ownEntry(settings.tenants, tenant) ?? []);
  const all = [...named, ...added];
  return [...new Set([...(all.length === 0 ? settings.default : all), ...settings.all])].sort();
}

function ownEntry<Value>(map: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
