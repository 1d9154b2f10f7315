import { join } from "node:path";
import semver from "semver";
import { toCanonicalJson, type Snapshot } from "../config/index.ts";
import { isLotseError } from "../kernel/index.ts";
import { type Created, type ReleaseInput, type ReleaseStore, type TenantInput } from "../release/index.ts";
import { policyGate } from "./policy.ts";
import { releasedPolicy } from "./release-policy.ts";
import { appOf, releasesOf } from "./release-store.ts";
import { secretHandlesOf, variablesOf } from "./release-variables.ts";
import { soleTenant } from "./secrets/deploy.ts";
import type { Session } from "./session.ts";
import { validateScopes, type ValidationReport } from "./validation.ts";

/** What `release create` came to. */
export type ReleaseResult =
  | { readonly kind: "released"; readonly created: Created; readonly report: ValidationReport }
  /** The configuration has errors, so nothing was written. */
  | { readonly kind: "refused"; readonly report: ValidationReport };

/**
 * Makes a release of the workspace as it is: its code, and the resolved configuration of every tenant in
 * every environment. All of it is validated first.
 *
 * @param version - a semantic version. @defaultValue the patch after the highest there is, or 0.1.0; where
 * nothing changed since the newest release, that release itself
 * @throws LotseError `release.no-target`, and what the store throws
 */
export async function createRelease(
  session: Session,
  version: string | undefined,
  progress?: (done: number, total: number) => void,
): Promise<ReleaseResult> {
  const app = appOf(session);
  const scopes = session.engine.workspace.environments.flatMap((name) => session.engine.scopes(name));
  const access = { action: "release.create", object: version ?? "next" };
  const report = validateScopes(session, scopes, {}, progress);
  const gate = report.ok ? await policyGate(session, scopes) : undefined;
  if (!report.ok || gate?.ok === false) {
    const diagnostics = [...report.diagnostics, ...(gate?.findings ?? [])];
    await session.recorder.denied({ ...access, details: { findings: diagnostics.length } });
    return { kind: "refused", report: { ...report, ok: false, diagnostics } };
  }
  const configurations: Record<string, Record<string, TenantInput>> = {};
  for (const scope of scopes) {
    const snapshot = session.engine.resolve(scope);
    const tenants = (configurations[scope.environment] ??= {});
    tenants[scope.tenant ?? soleTenant] = inputOf(snapshot);
  }
  const content: Omit<ReleaseInput, "version"> = {
    codeDirectory: join(session.directory, app.code),
    exclude: app.exclude,
    commit: await commitOf(session),
    configurations,
    target: app.target as ReleaseInput["target"],
    ...(gate?.run === undefined ? {} : { policy: releasedPolicy(gate.run) }),
  };
  const store = releasesOf(session);
  const created = await session.recorder.change(
    access,
    () =>
      version === undefined
        ? createNext(store, content, session)
        : store.create({ ...content, version }, session.actor),
    ({ release, created: isNew }) => ({
      outcome: "success",
      version: release.version,
      fingerprint: release.id,
      details: { created: isNew },
    }),
  );
  return { kind: "released", created, report };
}

function inputOf(snapshot: Snapshot): TenantInput {
  const secrets = secretHandlesOf(snapshot);
  return {
    configText: toCanonicalJson(snapshot.root),
    variables: variablesOf(snapshot),
    ...(Object.keys(secrets).length === 0 ? {} : { secrets }),
  };
}

async function createNext(
  store: ReleaseStore,
  content: Omit<ReleaseInput, "version">,
  session: Session,
): Promise<Created> {
  const versions = (await store.list()).map((release) => release.version);
  const highest = semver.rsort([...versions])[0];
  if (highest === undefined) return await store.create({ ...content, version: "0.1.0" }, session.actor);
  try {
    return await store.create({ ...content, version: highest }, session.actor);
  } catch (error) {
    if (!isLotseError(error) || error.code !== "release.exists") throw error;
    return await store.create(
      { ...content, version: semver.inc(highest, "patch") ?? highest },
      session.actor,
    );
  }
}

/** The commit that the code is from; `undefined` outside git. */
async function commitOf(session: Session): Promise<string | undefined> {
  try {
    const result = await session.exec("git", [
      "-C",
      session.directory,
      "rev-parse",
      "--verify",
      "--quiet",
      "HEAD",
    ]);
    return result.status === 0 ? result.stdout.trim() : undefined;
  } catch (error) {
    if (isLotseError(error)) return undefined;
    throw error;
  }
}
