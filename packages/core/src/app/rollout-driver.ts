import type { Session } from "./session.ts";
import {
  openDeployments,
  openGate,
  openTarget,
  payloadsOf,
  targetDriver,
  type DeploymentStore,
  type Hooks,
  type Release,
  type ReleaseStore,
  type RolloutDriver,
  type Target,
} from "../release/index.ts";
import { releasesOf } from "./release-store.ts";
import { filesForRelease, secretsForRelease } from "./secrets/deploy.ts";

/** Where a driver of rollouts keeps its records, where that is not the workspace. */
export interface RolloutDriverOptions {
  /** @defaultValue files below `.lotse` */
  readonly deployments?: DeploymentStore;
  /** @defaultValue those of the workspace */
  readonly releases?: ReleaseStore;
  /** Whether planning writes down nothing, not even what was found to be true. @defaultValue false */
  readonly readOnly?: boolean;
}

/**
 * What carries out rollouts of a workspace, for the engine: it plans from what tenants run, acts on the targets
 * that releases describe, opens secrets when a process is about to start, and keeps the records of deployments.
 */
export function rolloutDriver(session: Session, options: RolloutDriverOptions = {}): RolloutDriver {
  const releases = options.releases ?? releasesOf(session);
  const deployments = options.deployments ?? openDeployments(session.state);
  return targetDriver({
    clock: session.clock,
    deployments: options.readOnly === true ? { ...deployments, write: () => Promise.resolve() } : deployments,
    releaseOf: (id, environment) => releases.get(id, environment),
    targetFor: (release) => targetOfRelease(session, release),
    payloadFor: (release, scope) =>
      payloadsOf(
        releases,
        release,
        (wanted) => secretsForRelease(session, releases, release, wanted),
        (wanted) => filesForRelease(session, releases, release, wanted),
      )(scope),
    hooksOf,
    openGate: (spec) =>
      openGate(spec, { clock: session.clock, exec: session.exec, directory: session.directory }),
  });
}

/** Opens the target that a release describes. @throws LotseError `target.spec` */
export function targetOfRelease(session: Session, release: Pick<Release, "target">): Target {
  const { state: lotse, clock, exec } = session;
  return openTarget(release.target, { lotse, clock, exec });
}

/** The commands that belong to rollouts of a release. */
export function hooksOf(release: Release): Hooks {
  return release.hooks ?? {};
}
