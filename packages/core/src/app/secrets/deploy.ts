import { SecretReference } from "../../config/index.ts";
import { formatScope, LotseError, type Scope, type Sensitive } from "../../kernel/index.ts";
import type { FillFile, Release, ReleaseStore, TenantScope } from "../../release/index.ts";
import { sessionOfRelease } from "../release-secrets.ts";
import type { Session } from "../session.ts";
import { fillSecrets } from "../template-fill.ts";
import { secretLayersOf } from "./layers.ts";
import { openReference } from "./read.ts";
import { openReferences } from "./variables.ts";

/** The tenant's name for an environment that has no tenants. */
export const soleTenant = "default";

/** The scope behind a tenant of a release; somebody may have called a real tenant by that name. */
function scopeOfTenant({ engine }: Session, environment: string, tenant: string): Scope {
  const isNobody = tenant === soleTenant && !engine.tenants.of(environment).includes(soleTenant);
  return isNobody ? { environment } : { environment, tenant };
}

/**
 * Opens the secrets that a release gives to a tenant's process: those versions that were there when it was made,
 * whatever was rotated since. Where the tenant had no secret file then, nothing is handed over; see
 * {@link withoutSecrets}.
 *
 * @throws LotseError naming every secret that is missing or cannot be opened
 */
export async function secretsForRelease(
  session: Session,
  releases: ReleaseStore,
  release: Release,
  tenantScope: TenantScope,
): Promise<Readonly<Record<string, Sensitive<string>>>> {
  const scope = scopeOfTenant(session, tenantScope.environment, tenantScope.tenant);
  const opener = await openerOf(session, releases, release, tenantScope);
  if (opener === null) return {};
  const handles = await releases.secretsOf(release, tenantScope);
  return await openReferences(
    opener,
    scope,
    Object.entries(handles).map(([name, parts]) => ({
      name,
      reference: new SecretReference(
        parts.map((part) =>
          part.kind === "text" ? part : { kind: part.kind, path: part.path, field: part.field ?? undefined },
        ),
      ),
    })),
  );
}

/** Puts the secrets of a release into the files that were rendered for a tenant. */
export function filesForRelease(
  session: Session,
  releases: ReleaseStore,
  release: Release,
  tenantScope: TenantScope,
): FillFile {
  const scope = scopeOfTenant(session, tenantScope.environment, tenantScope.tenant);
  let opener: Promise<Session | null> | undefined;
  return async ({ path }, bytes) => {
    opener ??= openerOf(session, releases, release, tenantScope);
    const opened = await opener;
    if (opened !== null) return await fillSecrets(bytes, (each) => openReference(opened, scope, each));
    throw new LotseError({
      code: "secret.not-found",
      message: `${path} of ${formatScope(tenantScope)} wants secrets, and there was no secret file when ${release.version} was released`,
      hint: "add the secrets with `lotse secrets set`, and make a new release",
    });
  };
}

/** The session that opens a tenant's secrets; null where it has none. */
async function openerOf(
  session: Session,
  releases: ReleaseStore,
  release: Release,
  tenantScope: TenantScope,
): Promise<Session | null> {
  const scope = scopeOfTenant(session, tenantScope.environment, tenantScope.tenant);
  if (!keepsSecrets(release)) return hasSecretFiles(session, scope) ? session : null;
  const sealed = await releases.sealedOf(release, tenantScope);
  return sealed === null ? null : await sessionOfRelease(session, releases, sealed, scope);
}

/** Releases of the first form name secrets and keep none: their processes get what is there at present. */
function keepsSecrets({ schema }: Release): boolean {
  return schema === 2;
}

/** The tenants whose processes want secrets and have no secret file: they start without. */
export async function withoutSecrets(
  session: Session,
  releases: ReleaseStore,
  release: Release,
  environment: string,
  tenants: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const tenant of tenants) {
    const scope = { environment, tenant };
    const has = keepsSecrets(release)
      ? (await releases.sealedOf(release, scope)) !== null
      : hasSecretFiles(session, scopeOfTenant(session, environment, tenant));
    if (!has && Object.keys(await releases.secretsOf(release, scope)).length > 0) found.push(tenant);
  }
  return found;
}

function hasSecretFiles(session: Session, scope: Scope): boolean {
  return secretLayersOf(session, scope).some(({ file }) => session.engine.files.stamp(file) !== undefined);
}
