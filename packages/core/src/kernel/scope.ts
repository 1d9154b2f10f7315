/** Who asks: a person, a pipeline or Lotse itself. */
export interface Actor {
  readonly kind: "user" | "ci" | "system";
  readonly id: string;
}

/** What is asked about: one environment, and one of its tenants where it concerns a tenant. */
export interface Scope {
  readonly environment: string;
  readonly tenant?: string;
}

/** Writes a scope as `environment` or `environment:tenant`, the form the command line accepts. */
export function formatScope(scope: Scope): string {
  return scope.tenant === undefined ? scope.environment : `${scope.environment}:${scope.tenant}`;
}
