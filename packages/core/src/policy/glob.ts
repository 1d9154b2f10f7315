/**
 * Whether a name fits a pattern in which `*` stands for any characters and `?` for one.
 *
 * Environments and tenants are plain names without slashes, so there is no `**`.
 */
export function globMatches(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  if (!/[*?]/u.test(pattern)) return false;
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "su").test(name);
}

/** Which environments and tenants something holds for: lists of {@link globMatches} patterns. */
export interface ScopePatterns {
  readonly environments: readonly string[];
  readonly tenants: readonly string[];
}

/** Whether a scope fits. An environment without tenants fits where the tenants are `*`. */
export function scopeMatches(patterns: ScopePatterns, environment: string, tenant: string | null): boolean {
  return (
    patterns.environments.some((pattern) => globMatches(pattern, environment)) &&
    patterns.tenants.some((pattern) => globMatches(pattern, tenant ?? ""))
  );
}
