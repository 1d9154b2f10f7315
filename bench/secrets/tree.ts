import { join } from "node:path";

/** Where a workload was written, and with which keys. */
export interface BenchWorkspace {
  /** The directory that holds all of it. */
  readonly root: string;
  /** The workspace in it. */
  readonly directory: string;
  readonly identity: string;
  /** Somebody who can be added and removed. */
  readonly other: string;
}

/** The tenants of a workspace. */
export function tenantsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `tenant-${String(index).padStart(5, "0")}`);
}

/** The secret file of a tenant, relative to the workspace. */
export function fileOf(tenant: string): string {
  return `environments/prod/secrets/tenants/${tenant}.yml`;
}

/** The process environment of the workspace's user. */
export function variablesOf({ root, identity }: BenchWorkspace): Readonly<Record<string, string>> {
  return { HOME: join(root, "home"), USER: "bench", SOPS_AGE_KEY: identity };
}
