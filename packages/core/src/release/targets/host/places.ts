import { createHash } from "node:crypto";
import type { Colour, Slot, TenantScope } from "../../names.ts";
import { remoteRoot } from "./program.ts";
import type { HostSpec } from "./spec.ts";

/** The directory of a tenant on a host. */
export function tenantDirectory({ environment, tenant }: TenantScope): string {
  return `${remoteRoot}/tenants/${environment}/${tenant}`;
}

/** The variables of a slot; systemd reads the file, and so may the service. */
export function envFile(slot: Slot): string {
  return `${tenantDirectory(slot)}/slots/${slot.colour}/.env`;
}

/** The rendered files of a slot: they may hold secrets, so they go when the slot goes. */
export function filesDirectory(slot: Slot): string {
  return `${tenantDirectory(slot)}/slots/${slot.colour}/files`;
}

/** Where the code of a release lies. */
export function codeDirectory(scope: TenantScope, directory: string): string {
  return `${tenantDirectory(scope)}/releases/${directory}/code`;
}

/** What is shared by all releases of a tenant. */
export function sharedDirectory(scope: TenantScope): string {
  return `${tenantDirectory(scope)}/shared`;
}

/** The user that a service runs as: of the description, or one of the tenant's own in this environment. */
export function serviceUser({ environment, tenant }: TenantScope, spec: HostSpec): string {
  if (spec.user !== undefined) return spec.user;
  const digest = createHash("sha256").update(`${environment}/${tenant}`).digest("hex");
  return `lotse-${digest.slice(0, 16)}`;
}

/** The name by which people see a slot's unit. */
export function unitDescription({
  environment,
  tenant,
  colour,
}: TenantScope & { readonly colour: Colour }): string {
  return `Lotse ${environment} ${tenant} ${colour}`;
}
