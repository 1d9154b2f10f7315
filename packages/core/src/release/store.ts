import { join } from "node:path";
import { type Actor, type Clock, isLotseError, LotseError, type Sensitive } from "../kernel/index.ts";
import { readCodeTree, type TreeEntry } from "./code-tree.ts";
import { fillFiles, type FilledFiles, type FillFile } from "./filled-files.ts";
import { materialise, type Materialised } from "./materialise.ts";
import { checkScope, type TenantScope } from "./names.ts";
import { withReleaseLock } from "./release-lock.ts";
import { countingObjects, openObjects, type ObjectSink } from "./objects.ts";
import { planPrune, type PrunePlan } from "./prune/plan-prune.ts";
import { removeReleases, sweep, type Swept } from "./prune/sweep.ts";
import { Records } from "./records.ts";
import { readRenderedFiles, type FileEntry } from "./rendered-files.ts";
import { releaseIdOf, sealOf, tenantPartOf, type Release, type ReleaseContent } from "./release.ts";
import { readSealedSecrets, type SealedSecrets } from "./sealed-secrets.ts";
import { readSecretHandles, type SecretHandles } from "./secret-handles.ts";
import { signRelease, type ReleaseKey } from "./signature/statement.ts";
import { reportSignature, signatureError, type SignatureReport, type Trust } from "./signature/trust.ts";
import { stageRelease, type ReleaseInput, type Staged } from "./stage.ts";
import type { SomeTenants } from "./named-objects.ts";
import { verifyRelease, type Verification } from "./verify-release.ts";
import { normaliseVersion } from "./version.ts";

export type { ReleaseInput, TenantInput, VersionChooser } from "./stage.ts";

/** What {@link ReleaseStore.create} did. */
export interface Created {
  readonly release: Release;
  /** False when this very content had been released before. */
  readonly created: boolean;
}

/** What {@link ReleaseStore.verifyAll} found of one release. */
export interface VerifiedRelease extends Verification {
  readonly id: string;
  /** Null where the record itself cannot be read. */
  readonly release: Release | null;
  readonly signature: SignatureReport | null;
}

/** What {@link ReleaseStore.prune} did. */
export interface Pruned extends Swept {
  readonly plan: PrunePlan;
}

/** Releases of a workspace, each written once. */
export interface ReleaseStore {
  /**
   * Makes a release.
   *
   * @throws LotseError `release.version`, `release.exists`, and what `stageRelease` throws
   */
  create(input: ReleaseInput, actor: Actor): Promise<Created>;
  /** Tells what {@link create} would do, and keeps nothing. @throws LotseError as `create` */
  preview(input: ReleaseInput, actor: Actor): Promise<Created>;
  /**
   * Finds a release that is to be deployed, by its id, the first 6 or more digits of it, or its version.
   *
   * @param environment - where to; its signers count. @defaultValue signers of any environment
   * @throws LotseError `release.not-found`, `release.ambiguous` or `release.corrupt`; `release.signature` when its
   * signature does not fit, or signers are listed and none of them signed it
   */
  get(reference: string, environment?: string): Promise<Release>;
  /** As {@link get}, whoever signed it: to look at, not to deploy. */
  read(reference: string): Promise<Release>;
  /** All releases, the highest version first. @throws LotseError `release.corrupt` */
  list(): Promise<readonly Release[]>;
  /** Which secrets a tenant's process gets. @throws LotseError `rollout.not-in-release`, `release.corrupt` */
  secretsOf(release: Release, scope: TenantScope): Promise<SecretHandles>;
  /** A tenant's secret files and versions; null where it has none. @throws LotseError as {@link secretsOf} */
  sealedOf(release: Release, scope: TenantScope): Promise<SealedSecrets | null>;
  /** A tenant's rendered files. @throws LotseError as {@link secretsOf} */
  renderedOf(release: Release, scope: TenantScope): Promise<readonly FileEntry[]>;
  /** A tenant's resolved configuration, canonical JSON. @throws LotseError as {@link secretsOf} */
  configOf(release: Release, scope: TenantScope): Promise<string>;
  /** The files and links of the code. @throws LotseError `release.corrupt` */
  codeOf(release: Release): Promise<readonly TreeEntry[]>;
  /** The bytes of an object that a release names. @throws LotseError `release.corrupt` */
  object(digest: string): Promise<Buffer>;
  /** What the policy said when the release was made; null where it was not asked. @throws LotseError `release.corrupt` */
  policyOf(release: Release): Promise<unknown>;
  /** What the release's signature says. */
  signatureOf(release: Release): Promise<SignatureReport>;
  /** Signs a release that is there. @throws LotseError `release.signature` when a present signature does not fit */
  sign(release: Release, key: ReleaseKey): Promise<void>;
  /**
   * Reads every object of a release and says what is missing or changed.
   *
   * @param only - leaves out what belongs to other tenants. @defaultValue everything
   */
  verify(release: Release, only?: SomeTenants): Promise<Verification>;
  /** Checks records, signatures and every object of all releases, or of one. Throws for none of them. */
  verifyAll(id?: string): Promise<readonly VerifiedRelease[]>;
  /**
   * Removes releases, and whatever no release names. May be interrupted at any point, and called again.
   *
   * @param keep - how many of the newest stay, besides those in use
   * @param inUse - ids of releases that stay; asked for once nobody else can make or remove a release
   * @throws LotseError `release.corrupt` when it cannot be told what is still needed: nothing is removed then
   */
  prune(keep: number, inUse: () => Promise<ReadonlySet<string>>): Promise<Pruned>;
  /**
   * Writes the code and what a tenant gets into a directory that does not exist yet.
   *
   * @throws LotseError `rollout.not-in-release` or `release.corrupt`
   */
  materialise(release: Release, scope: TenantScope, directory: string): Promise<Materialised>;
  /**
   * What was rendered for a tenant, with its secrets.
   *
   * @param fill - puts them in; without it, files that want secrets are refused
   * @throws LotseError `rollout.not-in-release`, `release.corrupt` or `secret.not-found`; what `fill` throws
   */
  filesOf(release: Release, scope: TenantScope, fill?: FillFile): Promise<Sensitive<FilledFiles>>;
}

/**
 * Opens the releases of a workspace.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 * @param trust - whose signatures count; without it nobody looks at signatures
 */
export function openReleases(directory: string, clock: Clock, trust?: Trust): ReleaseStore {
  const objects = openObjects(join(directory, "objects"));
  const records = new Records(directory);
  const place: Place = { directory, clock, records };
  const signatureOf = async (release: Release, environment?: string): Promise<SignatureReport> =>
    trust === undefined
      ? { state: "unknown", keys: [], signers: [], problem: null }
      : reportSignature(release, await records.envelopeOf(release.id), trust, environment);
  const partOf = (release: Release, scope: TenantScope) => tenantPartOf(release, checkScope(scope));
  return {
    create: (input, actor) => create(place, objects, input, actor),
    preview: (input, actor) => preview(place, input, actor),
    async get(reference, environment) {
      const release = await records.find(reference);
      const { problem } = await signatureOf(release, environment);
      if (problem !== null) throw signatureError(release, problem);
      return release;
    },
    read: (reference) => records.find(reference),
    list: () => records.list(),
    async secretsOf(release, scope) {
      const { secrets } = partOf(release, scope);
      return secrets === undefined ? {} : await readSecretHandles(objects, secrets);
    },
    async sealedOf(release, scope) {
      const { sealed } = partOf(release, scope);
      return sealed === undefined ? null : await readSealedSecrets(objects, sealed);
    },
    async renderedOf(release, scope) {
      const { rendered } = partOf(release, scope);
      return rendered === undefined ? [] : await readRenderedFiles(objects, rendered);
    },
    configOf: async (release, scope) => (await objects.get(partOf(release, scope).config)).toString("utf8"),
    codeOf: (release) => readCodeTree(objects, release.code),
    object: (digest) => objects.get(digest),
    policyOf: async ({ policy }) =>
      policy === undefined ? null : (JSON.parse((await objects.get(policy)).toString("utf8")) as unknown),
    signatureOf: (release) => signatureOf(release),
    sign: (release, key) =>
      withReleaseLock(place, `release sign ${release.version}`, () => sign(place, release, key, trust)),
    verify: (release, only) => verifyRelease(objects, release, only),
    async verifyAll(id) {
      const found: VerifiedRelease[] = [];
      for (const each of id === undefined ? await records.ids() : [id]) {
        found.push(await verifyOne(each, records, (release) => verifyRelease(objects, release), signatureOf));
      }
      return found;
    },
    prune: (keep, inUse) =>
      withReleaseLock(place, "release prune", async () => {
        const plan = planPrune(await records.list(), keep, await inUse());
        await removeReleases({ directory, objects, records }, plan.removed);
        return { plan, ...(await sweep({ directory, objects, records })) };
      }),
    materialise: (release, scope, into) => materialise(objects, release, checkScope(scope), into),
    filesOf: async (release, scope, fill) => await fillFiles(objects, partOf(release, scope), fill),
  };
}

interface Place {
  readonly directory: string;
  readonly clock: Clock;
  readonly records: Records;
}

async function create(
  place: Place,
  objects: ObjectSink,
  input: ReleaseInput,
  actor: Actor,
): Promise<Created> {
  const named = typeof input.version === "string" ? normaliseVersion(input.version) : null;
  return await withReleaseLock(place, `release create ${named ?? ""}`.trimEnd(), async () => {
    const staged = await stageRelease(objects, input);
    const made = await choose(place, staged, named ?? input.version, actor);
    if (!made.created) return made;
    const envelope = input.key === undefined ? null : signRelease(made.release, input.key);
    await place.records.write(made.release, envelope);
    return made;
  });
}

async function preview(place: Place, input: ReleaseInput, actor: Actor): Promise<Created> {
  const named = typeof input.version === "string" ? normaliseVersion(input.version) : null;
  return await choose(place, await stageRelease(countingObjects(), input), named ?? input.version, actor);
}

async function choose(
  { records, clock }: Place,
  staged: Staged,
  version: ReleaseInput["version"],
  actor: Actor,
): Promise<Created> {
  const all = await records.list();
  const named = typeof version === "string" ? version : all[0]?.version;
  const same = all.find((other) => other.version === named);
  if (same !== undefined && isSame(staged.contentFor(same.version), same)) {
    return { release: same, created: false };
  }
  const chosen = typeof version === "string" ? version : normaliseVersion(version(all));
  const taken = all.find((other) => other.version === chosen);
  if (taken !== undefined) {
    throw new LotseError({
      code: "release.exists",
      message: `version ${chosen} is taken by release ${taken.id.slice(0, 12)} with other content`,
      hint: "a release never changes; choose a new version",
    });
  }
  const content = staged.contentFor(chosen);
  const unsealed = {
    ...content,
    id: releaseIdOf(content),
    files: staged.files,
    bytes: staged.bytes,
    createdAt: clock.now().toISOString(),
    createdBy: `${actor.kind}:${actor.id}`.slice(0, 256),
  };
  return { release: { ...unsealed, seal: sealOf(unsealed) }, created: true };
}

/** The policy may say something else by now, as days go by: what it said when the release was made stays. */
function isSame(content: ReleaseContent, release: Release): boolean {
  const { policy: _, ...rest } = content;
  const { policy } = release;
  return releaseIdOf(policy === undefined ? rest : { ...rest, policy }) === release.id;
}

async function sign(
  { records }: Place,
  release: Release,
  key: ReleaseKey,
  trust: Trust | undefined,
): Promise<void> {
  const before = await records.envelopeOf(release.id);
  const report = before === null || trust === undefined ? null : reportSignature(release, before, trust);
  // What does not fit is replaced: it is worth nothing, and a signer has just looked at the release.
  await records.writeEnvelope(
    release.id,
    signRelease(release, key, report?.state === "wrong" ? null : before),
  );
}

async function verifyOne(
  id: string,
  records: Records,
  verify: (release: Release) => Promise<Verification>,
  signatureOf: (release: Release) => Promise<SignatureReport>,
): Promise<VerifiedRelease> {
  try {
    const release = await records.read(id);
    if (release === null)
      return { id, release, signature: null, ok: false, checked: 0, problems: ["it is missing"] };
    const { checked, problems } = await verify(release);
    const signature = await signatureOf(release);
    const all = [...(signature.problem === null ? [] : [signature.problem]), ...problems];
    return { id, release, signature, ok: all.length === 0, checked, problems: all };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { id, release: null, signature: null, ok: false, checked: 0, problems: [error.message] };
  }
}
