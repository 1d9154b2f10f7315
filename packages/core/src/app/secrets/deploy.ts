import { SecretReference } from "../../config/index.ts";
import type { Scope, Sensitive } from "../../kernel/index.ts";
import type { Release, ReleaseStore } from "../../release/index.ts";
import type { Session } from "../session.ts";
import { secretLayersOf } from "./layers.ts";
import { openReferences } from "./variables.ts";

/** The tenant's name for an environment that has no tenants. */
export const soleTenant = "default";

/** The scope behind a tenant of a release; somebody may have called a real tenant by that name. */
function scopeOfTenant({ engine }: Session, environment: string, tenant: string): Scope {
  const isNobody = tenant === soleTenant && !engine.tenants.of(environment).includes(soleTenant);
  return isNobody ? { environment } : { environment, tenant };
}

/**
 * Opens the secrets that a release gives to a tenant's process. Where a scope has no secret file at all, nothing
 * is handed over; see {@link withoutSecrets}.
 *
 * @throws LotseError naming every secret that is missing or cannot be opened
 */
export async function secretsForRelease(
  session: Session,
  releases: ReleaseStore,
  release: Release,
  { environment, tenant }: { readonly environment: string; readonly tenant: string },
): Promise<Readonly<Record<string, Sensitive<string>>>> {
  const scope = scopeOfTenant(session, environment, tenant);
  if (!hasSecretFiles(session, scope)) return {};
  const handles = await releases.secretsOf(release, { environment, tenant });
  return await openReferences(
    session,
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
    if (hasSecretFiles(session, scopeOfTenant(session, environment, tenant))) continue;
    if (Object.keys(await releases.secretsOf(release, { environment, tenant })).length > 0)
      found.push(tenant);
  }
  return found;
}

function hasSecretFiles(session: Session, scope: Scope): boolean {
  return secretLayersOf(session, scope).some(({ file }) => session.engine.files.stamp(file) !== undefined);
}
