import { join } from "node:path";
import { toCanonicalJson } from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import {
  readMigrations,
  type Created,
  type ReleaseInput,
  type ReleaseKey,
  type Release,
  type TargetSpec,
  type TenantInput,
} from "../release/index.ts";
import { policyGate } from "./policy.ts";
import { checkTag, commitState, makeTag, type CommitState } from "./release-git.ts";
import { releasedPolicy } from "./release-policy.ts";
import { sealSecrets } from "./release-secrets.ts";
import { appOf, releasesOf } from "./release-store.ts";
import { checkTarget, hooksOfApp } from "./release-target.ts";
import { secretHandlesOf, variablesOf } from "./release-variables.ts";
import { chosenVersion } from "./release-version.ts";
import { soleTenant } from "./secrets/deploy.ts";
import { knownSigningKey } from "./secrets/signing-key.ts";
import type { Session } from "./session.ts";
import { deploymentTemplatesOf, type DeployedFile } from "./template-deployment.ts";
import { validateScopes, type ValidationReport } from "./validation.ts";

/** What `release create` is told. */
export interface ReleaseRequest {
  /**
   * A semantic version. @defaultValue the next one by the commits since the highest there is, or 0.1.0; where
   * nothing changed since that release, the release itself
   */
  readonly version?: string | undefined;
  /** Makes a prerelease of the next version, such as `rc`. */
  readonly prerelease?: string | undefined;
  /** `registry/name@sha256:…` instead of what `lotse.yml` says. */
  readonly image?: string | undefined;
  /** Whether to make the git tag `vX.Y.Z`. */
  readonly tag?: boolean | undefined;
  /** Whether to tell only what would be released. */
  readonly dryRun?: boolean | undefined;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/** What `release create` came to. */
export type ReleaseResult =
  | {
      readonly kind: "released";
      readonly created: Created;
      readonly report: ValidationReport;
      /** The git tag that was made, or was there; null where none was asked for. */
      readonly tag: string | null;
      readonly signed: boolean;
      /** What somebody should know before deploying it. */
      readonly warnings: readonly string[];
    }
  /** The configuration has errors, so nothing was written. */
  | { readonly kind: "refused"; readonly report: ValidationReport };

/**
 * Makes a release of the workspace as it is: its code, and for every tenant in every environment the resolved
 * configuration, the secret files as they are, and the rendered files. All of it is validated first.
 *
 * @throws LotseError `release.no-target`, `release.signature` where signers are listed and there is no key of one,
 * `release.tag`, `release.migrations`, `release.artefact`, `template.*`, `secret.*`, and what the store throws
 */
export async function createRelease(session: Session, request: ReleaseRequest = {}): Promise<ReleaseResult> {
  const app = appOf(session);
  const scopes = session.engine.workspace.environments.flatMap((name) => session.engine.scopes(name));
  const access = { action: "release.create", object: request.version ?? "next" };
  const report = validateScopes(session, scopes, {}, request.progress);
  const gate = report.ok ? await policyGate(session, scopes) : undefined;
  if (!report.ok || gate?.ok === false) {
    const diagnostics = [...report.diagnostics, ...(gate?.findings ?? [])];
    await session.recorder.denied({ ...access, details: { findings: diagnostics.length } });
    return { kind: "refused", report: { ...report, ok: false, diagnostics } };
  }
  const state = await commitState(session);
  const key = await releaseKey(session);
  const { configurations, missing } = await configurationsOf(session, scopes);
  checkTarget(session, app.target as unknown as TargetSpec, configurations);
  const hooks = hooksOfApp(session, app.hooks);
  const image = request.image ?? app.image;
  const chosen = await chosenVersion(session, state, request);
  const input: ReleaseInput = {
    version: chosen.version,
    codeDirectory: app.code === undefined ? undefined : join(session.directory, app.code),
    exclude: app.exclude,
    commit: state?.commit,
    dirty: state?.dirty === true,
    image: image === undefined ? undefined : checkImage(image),
    artefact:
      app.artefact === undefined
        ? undefined
        : { file: join(session.directory, app.artefact.file), sha256: app.artefact.sha256 },
    migrations:
      app.migrations === undefined
        ? undefined
        : await readMigrations({
            directory: join(session.directory, app.migrations.directory),
            irreversible: app.migrations.irreversible,
          }),
    configurations,
    target: app.target as ReleaseInput["target"],
    hooks,
    key,
    ...(gate?.run === undefined ? {} : { policy: releasedPolicy(gate.run, gate.asked) }),
  };
  const made = await makeRelease(session, input, request, state, access);
  const signed = key !== undefined && made.created.created;
  return {
    kind: "released",
    report,
    signed,
    warnings: [...chosen.warnings, ...missingWarnings(missing)],
    ...made,
  };
}

/** Makes the release, and its tag; a tag that cannot be made is told before anything is written. */
async function makeRelease(
  session: Session,
  input: ReleaseInput,
  { tag, dryRun }: ReleaseRequest,
  state: CommitState | null,
  access: { readonly action: string; readonly object: string },
): Promise<{ readonly created: Created; readonly tag: string | null }> {
  const store = releasesOf(session);
  const preview = tag === true || dryRun === true ? await store.preview(input, session.actor) : null;
  const isTagged = tag === true && preview !== null ? await tagState(session, preview.release, state) : null;
  if (dryRun === true && preview !== null) {
    await session.recorder.read({ ...access, details: { dryRun: true } });
    return { created: preview, tag: null };
  }
  const version = preview?.release.version ?? input.version;
  const created = await session.recorder.change(
    access,
    () => store.create({ ...input, version }, session.actor),
    ({ release, created: isNew }) => ({
      outcome: "success",
      version: release.version,
      fingerprint: release.id,
      details: { created: isNew },
    }),
  );
  const { release } = created;
  if (isTagged === false && state !== null) {
    await session.recorder.change({ action: "release.tag", object: `v${release.version}` }, () =>
      makeTag(session, release.version, state.commit, release.id),
    );
  }
  return { created, tag: isTagged === null ? null : `v${release.version}` };
}

/** Whether the tag is there already. @throws LotseError `release.tag` */
async function tagState(session: Session, release: Release, state: CommitState | null): Promise<boolean> {
  return await checkTag(session, release.version, state);
}

/** What a release holds for every tenant, and which secrets have no value. */
async function configurationsOf(
  session: Session,
  scopes: ReturnType<Session["engine"]["scopes"]>,
): Promise<{
  readonly configurations: ReleaseInput["configurations"];
  readonly missing: readonly { readonly scope: string; readonly names: readonly string[] }[];
}> {
  const templates = deploymentTemplatesOf(session);
  const configurations: Record<string, Record<string, TenantInput>> = {};
  const missing: { scope: string; names: readonly string[] }[] = [];
  for (const scope of scopes) {
    const snapshot = session.engine.resolve(scope);
    const rendered = templates.declared ? templates.of(snapshot) : [];
    const sealed = await sealSecrets(session, snapshot, rendered);
    const secrets = secretHandlesOf(snapshot);
    const tenant = scope.tenant ?? soleTenant;
    (configurations[scope.environment] ??= {})[tenant] = {
      configText: toCanonicalJson(snapshot.root),
      variables: variablesOf(snapshot),
      ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
      ...(sealed === null ? {} : { sealed }),
      ...(rendered.length === 0 ? {} : { rendered: rendered.map(kept) }),
    };
    if (sealed !== null && sealed.missing.length > 0) {
      missing.push({ scope: `${scope.environment}:${tenant}`, names: sealed.missing });
    }
  }
  return { configurations, missing };
}

function kept({ path, bytes, secret, secrets, template }: DeployedFile) {
  return { path, bytes, secret, secrets: [...secrets], template };
}

/**
 * The key that signs a release. Where `lotse.yml` lists signers, it has to be one of theirs; where it lists none, a
 * key that is there signs, and nobody has to have one.
 *
 * @throws LotseError `release.signature`
 */
async function releaseKey(session: Session): Promise<ReleaseKey | undefined> {
  const { signers } = session.engine.workspace.secrets;
  const key = await knownSigningKey(session.variables);
  const isListed = key !== null && signers.some((signer) => signer.key === key.publicKey);
  if (signers.length === 0 || isListed) return key ?? undefined;
  throw new LotseError({
    code: "release.signature",
    message:
      key === null
        ? "lotse.yml lists whose signatures count, and there is no key to sign the release with"
        : "lotse.yml lists whose signatures count, and your key is not among them",
    hint: "`lotse secrets signer` prints your key for secrets.signers; a pipeline gets one in LOTSE_SIGNING_KEY",
    where: { file: "lotse.yml", path: "secrets.signers" },
  });
}

function checkImage(image: string): string {
  if (image.length <= 512 && /^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/u.test(image)) return image;
  throw new LotseError({
    code: "release.artefact",
    message: `${JSON.stringify(image.slice(0, 200))} does not say which image`,
    hint: "write it as registry/name@sha256:DIGEST; a tag may be moved to another image",
  });
}

/** How many names and tenants a warning tells. */
const maxNames = 3;

function missingWarnings(
  missing: readonly { readonly scope: string; readonly names: readonly string[] }[],
): readonly string[] {
  if (missing.length === 0) return [];
  const names = [...new Set(missing.flatMap((each) => each.names))].sort();
  const scopes = missing.map(({ scope }) => scope);
  return [
    `secrets without a value: ${listed(names)} in ${listed(scopes)}; set them and release again before deploying there`,
  ];
}

function listed(names: readonly string[]): string {
  const rest = names.length - maxNames;
  return `${names.slice(0, maxNames).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
