import { suggest, type Snapshot } from "../../config/index.ts";
import { LotseError } from "../../kernel/index.ts";
import type { PolicySettings } from "../settings.ts";

/**
 * The frameworks that apply to one tenant in one environment: what its configuration lists, what the settings
 * add for it, and where that is nothing, the default; further what applies to everybody. One customer's frameworks never reach another.
 *
 * @param known - the ids of the frameworks there are
 * @throws LotseError `policy.framework` for a framework that nobody described: it would go unchecked
 */
export function appliedFrameworks(
  snapshot: Snapshot,
  settings: PolicySettings["frameworks"],
  known: ReadonlySet<string>,
): readonly string[] {
  const listed = snapshot.get(settings.path);
  const named = Array.isArray(listed) ? listed.filter((item) => typeof item === "string") : [];
  const tenant = snapshot.scope.tenant;
  const applied = frameworksOfSettings(settings, tenant, named);
  for (const name of applied) {
    if (known.has(name)) continue;
    throw new LotseError({
      code: "policy.framework",
      message: `${tenant ?? snapshot.scope.environment} is under ${name}, and there is no such framework`,
      hint: `${suggest(name, [...known])}; a framework of your own goes to policy/frameworks/${name}.yml`,
      where: { path: settings.path },
    });
  }
  return applied;
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
