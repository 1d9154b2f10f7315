import { userInfo } from "node:os";
import { join } from "node:path";
import { EnvironmentConfigManager, findWorkspace, type ConfigEngine } from "../config/index.ts";
import {
  systemClock,
  systemExec,
  type Actor,
  type AuditSink,
  type Clock,
  type Exec,
} from "../kernel/index.ts";
import { WorkspaceLog } from "./audit.ts";
import { Recorder } from "./recorder.ts";
import { openFingerprints, type Fingerprints } from "./secrets/fingerprint.ts";
import { RevealedSecrets } from "./secrets/revealed.ts";
import { secretStoreOf } from "./secrets/store.ts";
import type { SecretStore } from "../secrets/store/index.ts";

/** How a session is opened. */
export interface SessionOptions {
  /** The workspace, or a directory inside it. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly exec?: Exec;
  /** Where accesses are recorded. @defaultValue the workspace's own log, `.lotse/audit` */
  readonly audit?: AuditSink;
}

/** One workspace with everything that the use cases need of it. */
export interface Session {
  /** The absolute path of the workspace. */
  readonly directory: string;
  /** The absolute path of its `.lotse`, where Lotse keeps its state. */
  readonly state: string;
  readonly manager: EnvironmentConfigManager;
  readonly engine: ConfigEngine;
  readonly clock: Clock;
  readonly exec: Exec;
  readonly actor: Actor;
  /** The variables of the process. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Tells the audit log, before anything takes effect. */
  readonly recorder: Recorder;
  /** The workspace's own log. */
  readonly log: WorkspaceLog;
  /** Its secret files. */
  readonly secrets: SecretStore;
  /** Keyed hashes of secret values, with a key of this working copy. */
  readonly fingerprints: () => Promise<Fingerprints>;
  /** What was opened so far, to be kept out of all output. */
  readonly revealed: RevealedSecrets;
}

/**
 * Opens a workspace. Its schema and layers are read when they are first wanted.
 *
 * @throws LotseError `workspace.*`, `parse.*` of `lotse.yml`
 */
export function openSession(options: SessionOptions): Session {
  const directory = findWorkspace(options.directory);
  const clock = options.clock ?? systemClock;
  const manager = new EnvironmentConfigManager({ directory, variables: options.variables, clock });
  const { variables } = options;
  const actor = actorOf(variables);
  const base = {
    directory,
    state: join(directory, ".lotse"),
    manager,
    engine: manager.engine,
    clock,
    exec: options.exec ?? systemExec,
    actor,
    variables,
  };
  const { workspace } = manager.engine;
  const log = new WorkspaceLog({ ...base, workspace });
  const recorder = new Recorder(options.audit ?? log, actor, variables);
  const secrets = secretStoreOf(base);
  let fingerprints: Promise<Fingerprints> | undefined;
  return {
    ...base,
    recorder,
    log,
    secrets,
    fingerprints: () =>
      (fingerprints ??= secrets.trusted().then(async () => await openFingerprints(base.state))),
    revealed: new RevealedSecrets(),
  };
}

/** Who runs the command: a pipeline where `CI` is set, the user of the machine otherwise. */
function actorOf(variables: SessionOptions["variables"]): Actor {
  const ci = variables["CI"] === "true" || variables["CI"] === "1";
  const name =
    variables["LOTSE_ACTOR"] ?? variables["GITHUB_ACTOR"] ?? variables["USER"] ?? variables["LOGNAME"];
  return { kind: ci ? "ci" : "user", id: (name ?? loginName()).slice(0, 200) };
}

/** The name of the process's user, where no variable says it, as in containers. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
