import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Session } from "./session.ts";
import {
  openDeployments,
  openGate,
  openTarget,
  payloadsOf,
  scopedSpec,
  targetDriver,
  type DeploymentStore,
  type Hooks,
  type Release,
  type ReleaseStore,
  type RolloutDriver,
  type Target,
  type TargetSpec,
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
  /**
   * Whose fences effects carry; the same for all workers of one database, and another for every other database.
   * Letters, digits, `._-`. @defaultValue made of `DATABASE_URL`, or of the workspace's path
   */
  readonly owner?: string;
  /** Put around the driver, such as to bring releases here that others have. @defaultValue nothing is */
  readonly wrap?: (driver: RolloutDriver) => RolloutDriver;
}

/**
 * What carries out rollouts of a workspace, for the engine: it plans from what tenants run, acts on the targets
 * that releases describe, opens secrets when a process is about to start, and keeps the records of deployments.
 */
export function rolloutDriver(session: Session, options: RolloutDriverOptions = {}): RolloutDriver {
  const releases = options.releases ?? releasesOf(session);
  const deployments = options.deployments ?? openDeployments(session.state);
  const owner = options.owner ?? ownerOf(session);
  const driver = targetDriver({
    clock: session.clock,
    deployments: options.readOnly === true ? { ...deployments, write: () => Promise.resolve() } : deployments,
    releaseOf: (id, environment) => releases.get(id, environment),
    runningRelease: (id) => releases.read(id),
    targetFor: (release, scope) => targetOf(session, scopedSpec(release.target, scope), owner),
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
  return options.wrap === undefined ? driver : options.wrap(driver);
}

/** A name for whoever hands out the fences here. */
function ownerOf({ state, variables }: Session): string {
  const url = URL.parse(variables["DATABASE_URL"] ?? "");
  const place = url === null ? resolve(state) : `${url.host}${url.pathname}`;
  const digest = createHash("sha256").update(place).digest("hex").slice(0, 16);
  return `${url === null ? "workspace" : "database"}-${digest}`;
}

/** Opens the target that a description says for a tenant; see `scopedSpec`. @throws LotseError `target.spec` */
export function targetOf(session: Session, spec: TargetSpec, owner?: string): Target {
  const { state: lotse, clock, exec } = session;
  return openTarget(spec, { lotse, clock, exec, owner });
}

/** The commands that belong to rollouts of a release. */
export function hooksOf(release: Release): Hooks {
  return release.hooks ?? {};
}
