import { LotseError, type Scope, type Sensitive } from "../../kernel/index.ts";
import {
  changeSecret,
  parseSecretName,
  rekeyLayers,
  signLayer,
  type Changed,
  type Rekeyed,
  type RekeyTask,
  type SecretLayer,
} from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { secretLayersOf } from "./layers.ts";
import { creationRuleOf } from "./rules.ts";

/**
 * Sets a secret in the highest layer of a scope: the tenant's own file where a tenant is named, the
 * environment's otherwise. Who cannot read the file writes beside it.
 *
 * @throws LotseError `secret.name`, `secret.rules`, `secret.manifest`, `secret.unrepresentable`, …;
 * `audit.unavailable`: nothing was changed then
 */
export async function setSecret(
  session: Session,
  scope: Scope,
  name: string,
  value: Sensitive<string>,
): Promise<Changed> {
  return await change(session, scope, name, value);
}

/** Removes a secret from the highest layer of a scope. @throws LotseError as {@link setSecret} */
export async function removeSecret(session: Session, scope: Scope, name: string): Promise<Changed> {
  return await change(session, scope, name, undefined);
}

async function change(
  session: Session,
  scope: Scope,
  name: string,
  value: Sensitive<string> | undefined,
): Promise<Changed> {
  const path = parseSecretName(name);
  const layer = ownLayer(session, scope);
  if (value !== undefined) session.revealed.add(name, value);
  const fingerprint = value === undefined ? undefined : (await session.fingerprints()).of(value);
  const access = {
    action: value === undefined ? "secret.remove" : "secret.write",
    object: name,
    scope,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
  return await session.recorder.change(
    access,
    () =>
      changeSecret(session.secrets, {
        layer,
        name: path,
        value,
        ruleFor: (file) => creationRuleOf(session, file),
      }),
    ({ version, file, blind }) => ({
      outcome: "success",
      version: String(version),
      details: { file, blind },
    }),
  );
}

/** The file that a scope's own secrets go to. @throws LotseError `secret.not-found` where there is none */
function ownLayer(session: Session, scope: Scope): SecretLayer {
  const layer = secretLayersOf(session, scope).findLast(({ tenant }) => tenant === (scope.tenant ?? null));
  if (layer !== undefined) return layer;
  throw new LotseError({
    code: "secret.not-found",
    message: "lotse.yml names no secret file for this scope",
    hint: "add a pattern under secrets.layers, such as {env}/secrets/tenants/{tenant}.yml",
    where: { file: "lotse.yml" },
  });
}

function scopeOfLayer({ environment, tenant }: SecretLayer): { readonly scope?: Scope } {
  if (environment === null) return {};
  return { scope: tenant === null ? { environment } : { environment, tenant } };
}

/**
 * Gives secret files other recipients, or new data keys, all of them or none. A layer without a file is left out.
 *
 * @throws LotseError `secret.no-key`, `secret.recipient`, …; `audit.unavailable`
 */
export async function rekeyTogether(
  session: Session,
  tasks: readonly RekeyTask[],
  newDataKey: boolean,
): Promise<readonly Rekeyed[]> {
  const accesses = tasks.map(({ layer }) => ({
    action: "secret.rekey",
    object: layer.file,
    ...scopeOfLayer(layer),
  }));
  return await session.recorder.changeAll(
    accesses,
    () => rekeyLayers(session.secrets, tasks, newDataKey),
    (all, { object }) => {
      const rekeyed = all.find(({ file }) => file === object);
      return {
        outcome: "success",
        details: { newDataKey, recipients: rekeyed?.recipients.length ?? 0 },
        ...(rekeyed === undefined ? {} : { version: String(rekeyed.version) }),
      };
    },
  );
}

/**
 * Signs a secret file as it is.
 *
 * @throws LotseError `file.not-found`, `secret.mac`, …; `audit.unavailable`
 */
export async function signFile(session: Session, layer: SecretLayer): Promise<number> {
  return await session.recorder.change(
    { action: "secret.sign", object: layer.file, ...scopeOfLayer(layer) },
    async () => {
      const version = await signLayer(session.secrets, layer);
      if (version !== null) return version;
      throw new LotseError({
        code: "file.not-found",
        message: `${layer.file} does not exist`,
        hint: "lotse secrets set makes it with its first value",
        where: { file: layer.file },
      });
    },
    (version) => ({ outcome: "success", version: String(version) }),
  );
}
