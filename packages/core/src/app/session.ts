import { join } from "node:path";
import { EnvironmentConfigManager, findWorkspace, type ConfigEngine } from "../config/index.ts";
import { systemClock, systemExec, type Actor, type Clock, type Exec } from "../kernel/index.ts";

/** How a session is opened. */
export interface SessionOptions {
  /** The workspace, or a directory inside it. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly exec?: Exec;
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
}

/**
 * Opens a workspace.
 *
 * @throws LotseError `workspace.*`, `schema.*`, `parse.*`
 */
export function openSession(options: SessionOptions): Session {
  const directory = findWorkspace(options.directory);
  const clock = options.clock ?? systemClock;
  const manager = new EnvironmentConfigManager({ directory, variables: options.variables, clock });
  return {
    directory,
    state: join(directory, ".lotse"),
    manager,
    engine: manager.engine,
    clock,
    exec: options.exec ?? systemExec,
    actor: actorOf(options.variables),
  };
}

/** Who runs the command: a pipeline where `CI` is set, the user of the machine otherwise. */
function actorOf(variables: SessionOptions["variables"]): Actor {
  const ci = variables["CI"] === "true" || variables["CI"] === "1";
  const name =
    variables["LOTSE_ACTOR"] ?? variables["GITHUB_ACTOR"] ?? variables["USER"] ?? variables["LOGNAME"];
  return { kind: ci ? "ci" : "user", id: (name ?? "unknown").slice(0, 200) };
}
