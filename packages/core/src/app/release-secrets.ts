import type { SecretReference, Node, Snapshot } from "../config/index.ts";
import { formatScope, isLotseError, LotseError, type Scope } from "../kernel/index.ts";
import type { ReleaseStore, SealedInput, SealedSecrets } from "../release/index.ts";
import { checkManifest, parseManifest, printManifest } from "../secrets/manifest/index.ts";
import { formatOfFile } from "../secrets/sops/index.ts";
import { parseSops } from "../secrets/sops/open.ts";
import {
  boundContentOf,
  nameOfReference,
  parseSecretName,
  SecretStore,
  type FoundSecret,
  type ListedSecret,
  type SecretLayer,
} from "../secrets/store/index.ts";
import type { LoadedFile, LoadedLayer } from "../secrets/store/loaded.ts";
import { recordOf } from "../secrets/store/leaf-names.ts";
import type { Session } from "./session.ts";
import { secretLayersOf } from "./secrets/layers.ts";
import { secretsOfFile } from "./template-fill.ts";
import type { DeployedFile } from "./template-deployment.ts";

/**
 * The secrets of a scope as a release keeps them: the secret files as they are, encrypted, and which version of each
 * value counts. Nothing is opened, so no key is needed.
 *
 * @param rendered - files of the same scope, which may name secrets
 * @returns null where the scope has no secret file
 * @throws LotseError `secret.manifest`, `secret.signature`, `secret.format` for a file that cannot be trusted
 */
export async function sealSecrets(
  session: Session,
  snapshot: Snapshot,
  rendered: readonly DeployedFile[],
): Promise<SealedInput | null> {
  const { secrets: store } = session;
  const layers = secretLayersOf(session, snapshot.scope);
  const files: SealedInput["files"][number][] = [];
  for (const layer of layers) {
    const { main, incoming } = await store.layer(layer);
    for (const file of [...(main === null ? [] : [main]), ...incoming]) files.push(sealedFile(file));
  }
  if (files.length === 0) return null;
  const listed = await store.list(layers);
  const missing: string[] = [];
  for (const name of namesIn(snapshot, rendered)) {
    if (!(await isThere(store, layers, name))) missing.push(name);
  }
  return { files, secrets: versionsOf(listed, files), missing };
}

async function isThere(store: SecretStore, layers: readonly SecretLayer[], name: string): Promise<boolean> {
  try {
    return (await store.find(layers, parseSecretName(name))) !== null;
  } catch (error) {
    // What cannot be the name of a secret is the name of none.
    if (isLotseError(error) && error.code === "secret.name") return false;
    throw error;
  }
}

function sealedFile({ layer, file, incoming, bytes, manifest }: LoadedFile): SealedInput["files"][number] {
  return {
    file,
    environment: layer.environment,
    tenant: layer.tenant,
    layer: layer.file,
    incoming,
    version: manifest.version,
    bytes,
    manifest: printManifest(manifest),
  };
}

function versionsOf(
  listed: readonly ListedSecret[],
  files: readonly SealedInput["files"][number][],
): SealedInput["secrets"] {
  const manifests = new Map(
    files.map(({ file, manifest }) => [file, parseManifest(Buffer.from(manifest), file)] as const),
  );
  return Object.fromEntries(
    listed.map(({ name, file, version }) => {
      const values = manifests.get(file)?.values ?? {};
      return [name, { file, version, token: recordOf(values, name)?.token ?? null }];
    }),
  );
}

/** The names of all secrets that a configuration and its rendered files refer to, each once, sorted. */
function namesIn(snapshot: Snapshot, rendered: readonly DeployedFile[]): readonly string[] {
  const references: SecretReference[] = [];
  const collect = (node: Node): void => {
    if (node.kind === "map") for (const child of node.entries.values()) collect(child);
    else if (node.kind === "list") for (const item of node.items) collect(item);
    else if (node.kind === "secret") references.push(node.value as SecretReference);
  };
  collect(snapshot.root);
  for (const { secret, bytes } of rendered) if (secret) references.push(...secretsOfFile(bytes));
  const names = references.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === "secret" ? [writtenName(part)] : [])),
  );
  return [...new Set(names)].sort();
}

function writtenName({ path, field }: { readonly path: string; readonly field: string | undefined }): string {
  try {
    return nameOfReference({ path, field });
  } catch (error) {
    if (isLotseError(error)) return field === undefined ? path : `${path}#${field}`;
    throw error;
  }
}

/** Secret files out of a release instead of the workspace. Whatever layers are asked for, it has its own. */
class SealedStore extends SecretStore {
  readonly #layers: ReadonlyMap<string, LoadedLayer>;

  constructor(options: SecretStore["options"], layers: ReadonlyMap<string, LoadedLayer>) {
    super(options);
    this.#layers = layers;
  }

  override layer(layer: SecretLayer): Promise<LoadedLayer> {
    return Promise.resolve(this.#layers.get(layer.file) ?? { layer, main: null, incoming: [] });
  }

  override find(_: readonly SecretLayer[], name: readonly string[]): Promise<FoundSecret | null> {
    return super.find(this.#own(), name);
  }

  override list(): Promise<readonly ListedSecret[]> {
    return super.list(this.#own());
  }

  #own(): readonly SecretLayer[] {
    return [...this.#layers.values()].map(({ layer }) => layer);
  }
}

/**
 * A session in which the secrets of a tenant are those of a release: opened out of the files that the release keeps,
 * with the keys at hand, each read recorded and kept out of all output as ever.
 *
 * @param scope - whose process gets them
 * @throws LotseError `release.corrupt`; `secret.manifest`, `secret.signature`, `secret.format` for a file that is not
 * the one that was made for its place
 */
export async function sessionOfRelease(
  session: Session,
  releases: ReleaseStore,
  sealed: SealedSecrets,
  scope: Scope,
): Promise<Session> {
  const layers = new Map<string, LoadedLayer>();
  for (const file of sealed.files) {
    refuseOthers(file, scope);
    const loaded = await loadSealed(session, releases, file);
    const before = layers.get(file.layer) ?? { layer: loaded.layer, main: null, incoming: [] };
    const own = file.incoming === null;
    layers.set(file.layer, {
      layer: before.layer,
      main: own ? loaded : before.main,
      incoming: own ? before.incoming : [...before.incoming, loaded],
    });
  }
  const { options } = session.secrets;
  // The keys at hand are asked for once, however many tenants there are.
  const identities = (): ReturnType<SecretStore["identities"]> => session.secrets.identities();
  return { ...session, secrets: new SealedStore({ ...options, identities }, layers) };
}

/** A record that somebody forged must not hand one tenant's secrets to another. */
function refuseOthers({ file, environment, tenant }: SealedSecrets["files"][number], scope: Scope): void {
  const isOwn =
    (environment === null || environment === scope.environment) &&
    (tenant === null || tenant === scope.tenant);
  if (isOwn) return;
  throw new LotseError({
    code: "secret.manifest",
    message: `the release gives ${file} to ${formatScope(scope)}, and it belongs to ${environment ?? "all"}:${tenant ?? "all"}`,
    hint: "somebody changed the release: do not deploy it, and find out who did",
    where: { file },
  });
}

async function loadSealed(
  session: Session,
  releases: ReleaseStore,
  { file, layer, environment, tenant, incoming, ...digests }: SealedSecrets["files"][number],
): Promise<LoadedFile> {
  const bytes = await releases.object(digests.bytes);
  const manifest = parseManifest(await releases.object(digests.manifest), file);
  // Whose signature counts was asked when the release was made, and the release itself is signed: a signer who has
  // left since must not stand in the way of going back.
  checkManifest({
    manifest,
    binding: { workspace: session.engine.workspace.name, file, environment, tenant, incoming },
    ...boundContentOf(bytes, file),
    signers: [],
    seen: undefined,
  });
  const format = formatOfFile(file);
  return {
    layer: { file: layer, environment, tenant },
    file,
    incoming,
    format,
    bytes,
    parsed: parseSops({ bytes, format, file }),
    manifest,
  };
}
