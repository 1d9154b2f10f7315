import { isLotseError, LotseError, Sensitive, type Scope } from "../../kernel/index.ts";
import { suggest } from "../../config/index.ts";
import type { SecretReference } from "../../config/index.ts";
import {
  formatSecretName,
  nameOfReference,
  parseSecretName,
  textOfLeaf,
  type FoundSecret,
  type ListedSecret,
} from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { secretLayersOf } from "./layers.ts";

/** A secret that was opened, with what may be known of it. */
export interface OpenedSecret {
  readonly name: string;
  readonly file: string;
  readonly version: number;
  /** A keyed hash of the value; see `Fingerprints`. */
  readonly fingerprint: string;
  readonly value: Sensitive<string>;
}

/**
 * Opens a secret of a scope. The access is in the audit log before the value is handed out, and so is a
 * refusal.
 *
 * @param name - such as `spotify.api_key`
 * @throws LotseError `secret.name`, `secret.not-found`, `secret.no-key`, `secret.manifest`, `secret.mac`, …;
 * `audit.unavailable`
 */
export async function openSecret(session: Session, scope: Scope, name: string): Promise<OpenedSecret> {
  const path = parseSecretName(name);
  const access = { action: "secret.read", object: name, scope };
  let found: FoundSecret | null;
  let value: Sensitive<string>;
  try {
    found = await session.secrets.find(secretLayersOf(session, scope), path);
    if (found === null) throw await notFound(session, scope, formatSecretName(path));
    value = textOfLeaf(await session.secrets.open(found, path), name);
  } catch (error) {
    const code = isLotseError(error) ? error.code : "internal.bug";
    await session.recorder.denied({ ...access, details: { code } });
    throw error;
  }
  const fingerprint = (await session.fingerprints()).of(value);
  const { version, file } = found;
  await session.recorder.read({
    ...access,
    version: String(version),
    fingerprint,
    details: { file: file.file },
  });
  session.revealed.add(name, value);
  return { name, file: file.file, version, fingerprint, value };
}

/**
 * The text that a reference of the configuration stands for, such as `postgres://u:${secret:db#password}@h`.
 *
 * @throws LotseError as {@link openSecret}
 */
export async function openReference(
  session: Session,
  scope: Scope,
  reference: SecretReference,
): Promise<Sensitive<string>> {
  const parts = await Promise.all(
    reference.parts.map(async (part) => {
      if (part.kind === "text") return new Sensitive(part.text);
      return (await openSecret(session, scope, nameOfReference(part))).value;
    }),
  );
  return new Sensitive(parts.map((part) => part.reveal()).join(""));
}

/** The secrets of a scope; their names and dates, never their values. @throws LotseError as reading does */
export async function listSecrets(session: Session, scope: Scope): Promise<readonly ListedSecret[]> {
  await session.recorder.read({ action: "secret.list", object: "secrets", scope });
  return await session.secrets.list(secretLayersOf(session, scope));
}

async function notFound(session: Session, scope: Scope, name: string): Promise<LotseError> {
  const layers = secretLayersOf(session, scope);
  const names = (await session.secrets.list(layers)).map((secret) => secret.name);
  const tenant = scope.tenant === undefined ? "" : ` --tenant ${scope.tenant}`;
  return new LotseError({
    code: "secret.not-found",
    message: `there is no secret ${name} for ${scope.environment}${scope.tenant === undefined ? "" : `:${scope.tenant}`}`,
    hint:
      names.length === 0
        ? `set it: lotse secrets set ${scope.environment} ${name}${tenant}; looked in ${layers.map(({ file }) => file).join(", ")}`
        : (suggest(name, names) ?? `lotse secrets list ${scope.environment}${tenant} shows what there is`),
    where: { path: name },
  });
}
