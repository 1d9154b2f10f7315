import { posix } from "node:path";
import { LotseError, staysInside, type Scope } from "../../kernel/index.ts";
import type { SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";

/**
 * The secret files of a scope, lowest first: those whose pattern holds `{tenant}` are the tenant's own, the
 * others its environment's.
 *
 * @param scope - names of an environment and tenant that exist
 */
export function secretLayersOf(session: Session, scope: Scope): readonly SecretLayer[] {
  const { workspace } = session.engine;
  return workspace.secrets.layers.flatMap((pattern) => {
    const ofTenant = pattern.includes("{tenant}");
    if (ofTenant && scope.tenant === undefined) return [];
    const filled = pattern.replaceAll("{env}", scope.environment).replaceAll("{tenant}", scope.tenant ?? "");
    return [
      {
        file: posix.join(workspace.root, filled),
        environment: pattern.includes("{env}") ? scope.environment : null,
        tenant: ofTenant ? (scope.tenant ?? null) : null,
      },
    ];
  });
}

/** The secret files that a workspace may have, each once: those of every environment and tenant. */
export function allSecretLayers(session: Session): readonly SecretLayer[] {
  const { engine } = session;
  const layers = new Map<string, SecretLayer>();
  for (const environment of engine.workspace.environments) {
    const tenants = engine.tenants.all();
    for (const scope of [{ environment }, ...tenants.map((tenant) => ({ environment, tenant }))]) {
      for (const layer of secretLayersOf(session, scope)) layers.set(layer.file, layer);
    }
  }
  return [...layers.values()];
}

/**
 * The layer that a path of the workspace is.
 *
 * @param file - relative to the workspace
 * @throws LotseError `secret.not-found` for a path that no layer has
 */
export function secretLayerOfFile(session: Session, file: string): SecretLayer {
  const path = posix.normalize(file);
  const layer = staysInside(path) ? allSecretLayers(session).find((known) => known.file === path) : undefined;
  if (layer !== undefined) return layer;
  throw new LotseError({
    code: "secret.not-found",
    message: `${file} is not a secret file of this workspace`,
    hint: `its secret files are ${session.engine.workspace.secrets.layers.join(" and ")} below ${session.engine.workspace.root}`,
    where: { file },
  });
}

/** A scope as the user names it, with the environment's own name. @throws LotseError `config.unknown-*` */
export function scopeOf(session: Session, environment: string, tenant: string | undefined): Scope {
  const name = session.engine.environment(environment);
  if (tenant === undefined) return { environment: name };
  session.engine.tenants.documents(tenant, name);
  return { environment: name, tenant };
}
