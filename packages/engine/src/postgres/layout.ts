import { createHash } from "node:crypto";
import { join } from "node:path";

/** Where the parts of an embedded server are, all below one directory. */
export interface ServerLayout {
  readonly directory: string;
  /** Programs and libraries; a new version gets a directory of its own. */
  readonly programs: string;
  /** What PostgreSQL calls the data directory. */
  readonly data: string;
  /** Port and process of the server that was started last. */
  readonly state: string;
  /** The password of the only role, readable by whoever starts the server and nobody else. */
  readonly password: string;
  /** Held while the server is being started or stopped. */
  readonly lock: string;
  readonly log: string;
}

/** The layout below a directory, for a version of the programs. */
export function layoutOf(directory: string, version: string): ServerLayout {
  return {
    directory,
    programs: join(directory, `programs-${version}`),
    data: join(directory, "data"),
    state: join(directory, "state.json"),
    password: join(directory, "password"),
    lock: join(directory, "lock"),
    log: join(directory, "server.log"),
  };
}

/**
 * Where the server of a workspace is kept. PostgreSQL refuses to run as root, and the user it runs as cannot
 * enter a private workspace, so root's servers are kept under `/var/lib`.
 *
 * @param workspace - the absolute path of the workspace
 */
export function defaultServerDirectory(workspace: string, isRoot: boolean): string {
  if (!isRoot) return join(workspace, ".lotse", "postgres");
  return join("/var/lib/lotse-postgres", createHash("sha256").update(workspace).digest("hex").slice(0, 16));
}
