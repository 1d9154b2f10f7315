import { readdir } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import {
  type Actor,
  canonicalJson,
  type Clock,
  isSystemError,
  lockWithin,
  LotseError,
  makeLotseDirectory,
  readPrivateFile,
  writePrivateFile,
} from "../kernel/index.ts";
import { storeCodeTree, type CodeLimits } from "./code-tree.ts";
import { checkVariables, materialise, type Materialised } from "./materialise.ts";
import { checkScope, type TenantScope } from "./names.ts";
import { corrupt, openObjects, type ObjectStore } from "./objects.ts";
import {
  tenantPartOf,
  releaseIdOf,
  releaseSchema,
  sealOf,
  type Release,
  type TenantPart,
} from "./release.ts";
import { readSecretHandles, type SecretHandles } from "./secret-handles.ts";
import { verifyRelease, type Verification } from "./verify-release.ts";

/** The resolved configuration of one tenant in one environment. */
export interface TenantInput {
  /** Canonical JSON; kept and given back byte for byte. */
  readonly configText: string;
  /** Variables for the process; nothing secret, they are kept as they are. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Which secrets the process gets; names, never values. */
  readonly secrets?: SecretHandles;
}

/** What a release is made of. */
export interface ReleaseInput {
  /** A semantic version; a leading `v` is dropped. */
  readonly version: string;
  readonly codeDirectory: string;
  /** Patterns of files to leave out; see `matcherOf`. */
  readonly exclude?: readonly string[];
  readonly commit?: string | undefined;
  /** environment → tenant → configuration. */
  readonly configurations: Readonly<Record<string, Readonly<Record<string, TenantInput>>>>;
  /** The description of the target as `lotse.yml` gives it; JSON values only. */
  readonly target: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly limits?: CodeLimits;
  /** What the policy says of it; a value of JSON. */
  readonly policy?: unknown;
}

/** What {@link ReleaseStore.create} did. */
export interface Created {
  readonly release: Release;
  /** False when this very content had been released before. */
  readonly created: boolean;
}

/** Releases of a workspace, each written once. */
export interface ReleaseStore {
  /**
   * Makes a release.
   *
   * @throws LotseError `release.version`, `release.exists`, `usage.argument` for a variable that no process
   * can be given, and what `storeCodeTree` throws
   */
  create(input: ReleaseInput, actor: Actor): Promise<Created>;
  /**
   * Finds a release by its id, the first 6 or more digits of it, or its version.
   *
   * @throws LotseError `release.not-found`, `release.ambiguous` or `release.corrupt`
   */
  get(reference: string): Promise<Release>;
  /** All releases, newest first. @throws LotseError `release.corrupt` */
  list(): Promise<readonly Release[]>;
  /**
   * Which secrets a tenant's process gets.
   *
   * @throws LotseError `rollout.not-in-release`, `release.corrupt`
   */
  secretsOf(release: Release, scope: TenantScope): Promise<SecretHandles>;
  /**
   * What the policy said when the release was made; null where it was not asked.
   *
   * @throws LotseError `release.corrupt`
   */
  policyOf(release: Release): Promise<unknown>;
  /** Reads every object of a release and says what is missing or changed. */
  verify(release: Release): Promise<Verification>;
  /**
   * Writes the code and one tenant's configuration into a directory that does not exist yet.
   *
   * @throws LotseError `rollout.not-in-release` or `release.corrupt`
   */
  materialise(release: Release, scope: TenantScope, directory: string): Promise<Materialised>;
}

const maxRecordBytes = 256 * 1024 * 1024;

/**
 * Opens the releases of a workspace.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 */
export function openReleases(directory: string, clock: Clock): ReleaseStore {
  const objects = openObjects(join(directory, "objects"));
  const store: ReleaseStore = {
    create: (input, actor) => create(directory, objects, clock, input, actor),
    get: (reference) => find(directory, reference),
    list: () => list(directory),
    verify: (release) => verifyRelease(objects, release),
    secretsOf: async (release, scope) => {
      const { secrets } = tenantPartOf(release, checkScope(scope));
      return secrets === undefined ? {} : await readSecretHandles(objects, secrets);
    },
    policyOf: async ({ policy }) =>
      policy === undefined ? null : (JSON.parse((await objects.get(policy)).toString("utf8")) as unknown),
    materialise: (release, scope, into) => materialise(objects, release, checkScope(scope), into),
  };
  return store;
}

/**
 * Brings a version into its one form.
 *
 * @returns for example `1.2.3-rc.1`, without a leading `v`
 * @throws LotseError `release.version` when it is not a semantic version
 */
export function normaliseVersion(version: string): string {
  const parsed = version.length > 256 ? null : semver.parse(version.replace(/^v/u, ""));
  if (parsed !== null) {
    return parsed.build.length === 0 ? parsed.version : `${parsed.version}+${parsed.build.join(".")}`;
  }
  throw new LotseError({
    code: "release.version",
    message: `${JSON.stringify(version.slice(0, 80))} is not a semantic version`,
    hint: "write it as 1.2.3 or v1.2.3; see semver.org",
  });
}

async function create(
  directory: string,
  objects: ObjectStore,
  clock: Clock,
  input: ReleaseInput,
  actor: Actor,
): Promise<Created> {
  const version = normaliseVersion(input.version);
  await makeLotseDirectory(directory);
  const code = await storeCodeTree(objects, input.codeDirectory, input.exclude, input.limits);
  const configurations = await storeConfigurations(objects, input.configurations);
  const target = JSON.parse(canonicalJson(input.target)) as Release["target"];
  const content = { schema: 1, version, code: code.digest, configurations, target } as const;
  const id = releaseIdOf(content);
  const policy = input.policy === undefined ? null : await objects.put(canonicalJson(input.policy));
  const unsealed = {
    id,
    ...content,
    ...(policy === null ? {} : { policy }),
    commit: input.commit ?? null,
    files: code.files,
    bytes: code.bytes,
    createdAt: clock.now().toISOString(),
    createdBy: `${actor.kind}:${actor.id}`.slice(0, 256),
  };
  const path = join(directory, "state", "locks", "releases.lock");
  const lock = await lockWithin({ path, holder: `release create ${version}`, clock }, 60_000);
  try {
    return await record(directory, { ...unsealed, seal: sealOf(unsealed) });
  } finally {
    await lock.release();
  }
}

async function record(directory: string, release: Release): Promise<Created> {
  const same = (await list(directory)).find((other) => other.version === release.version);
  if (same !== undefined && same.id === release.id) return { release: same, created: false };
  if (same !== undefined) {
    throw new LotseError({
      code: "release.exists",
      message: `version ${release.version} is taken by release ${same.id.slice(0, 12)} with other content`,
      hint: "a release never changes; choose a new version",
    });
  }
  await writePrivateFile(recordPath(directory, release.id), canonicalJson(release));
  return { release, created: true };
}

async function storeConfigurations(
  objects: ObjectStore,
  input: ReleaseInput["configurations"],
): Promise<Record<string, Record<string, TenantPart>>> {
  const all: Record<string, Record<string, TenantPart>> = {};
  for (const [environment, tenants] of Object.entries(input)) {
    const parts: Record<string, TenantPart> = {};
    for (const [tenant, given] of Object.entries(tenants)) {
      checkScope({ environment, tenant });
      const variables = given.variables === undefined ? null : checkVariables(given.variables);
      parts[tenant] = {
        config: await objects.put(given.configText),
        variables: variables === null ? null : await objects.put(canonicalJson(variables)),
        ...(given.secrets === undefined ? {} : { secrets: await objects.put(canonicalJson(given.secrets)) }),
      };
    }
    all[environment] = parts;
  }
  return all;
}

function recordPath(directory: string, id: string): string {
  return join(directory, "releases", `${id}.json`);
}

async function read(directory: string, id: string): Promise<Release | null> {
  const path = recordPath(directory, id);
  const content = await readPrivateFile(path, maxRecordBytes);
  if (content === null) return null;
  let release: Release;
  try {
    release = releaseSchema.parse(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw corrupt(path, `release ${id.slice(0, 12)} cannot be read`, cause);
  }
  const same = canonicalJson(release) === content.toString("utf8");
  if (!same || release.id !== id || releaseIdOf(release) !== id || sealOf(release) !== release.seal) {
    throw corrupt(path, `release ${id.slice(0, 12)} was changed after it was written`);
  }
  return release;
}

async function ids(directory: string): Promise<string[]> {
  try {
    const names = await readdir(join(directory, "releases"));
    return names.filter((name) => /^[0-9a-f]{64}\.json$/u.test(name)).map((name) => name.slice(0, 64));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

async function list(directory: string): Promise<readonly Release[]> {
  const found: Release[] = [];
  for (const id of await ids(directory)) {
    const release = await read(directory, id);
    if (release !== null) found.push(release);
  }
  const later = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
  return found.sort((a, b) => later(a.createdAt, b.createdAt) || later(b.id, a.id));
}

async function find(directory: string, reference: string): Promise<Release> {
  const byId = /^[0-9a-f]{6,64}$/u.test(reference)
    ? (await ids(directory)).filter((id) => id.startsWith(reference))
    : [];
  if (byId.length > 1) {
    throw new LotseError({
      code: "release.ambiguous",
      message: `${reference} fits ${byId.length} releases`,
      hint: `write more digits: ${byId.map((id) => id.slice(0, 16)).join(", ")}`,
    });
  }
  const release =
    byId[0] === undefined ? await byVersion(directory, reference) : await read(directory, byId[0]);
  if (release !== null) return release;
  throw new LotseError({
    code: "release.not-found",
    message: `there is no release ${JSON.stringify(reference.slice(0, 80))}`,
    hint: "lotse release list shows those there are",
  });
}

async function byVersion(directory: string, reference: string): Promise<Release | null> {
  if (semver.valid(reference.replace(/^v/u, "")) === null) return null;
  const version = normaliseVersion(reference);
  return (await list(directory)).find((release) => release.version === version) ?? null;
}
