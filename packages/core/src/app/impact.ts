import { relative, resolve, sep } from "node:path";
import {
  changedSince,
  ConfigEngine,
  findImpact,
  findReach,
  GitFiles,
  hasRevision,
  type Impact,
} from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import type { Session } from "./session.ts";

/** What to compare. */
export interface ImpactRequest {
  /** Files as given on the command line; with none, all that changed count. */
  readonly files: readonly string[];
  /** The directory that relative files start from. */
  readonly from: string;
  /** The revision to compare with. @defaultValue `HEAD`, where there is one */
  readonly since?: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What a change does, and against what it was judged. */
export interface ImpactReport {
  /** The revision compared with; `undefined` where the report tells what the files decide as they are. */
  readonly revision: string | undefined;
  readonly impacts: readonly Impact[];
}

/**
 * Tells which paths of which tenants a change touches: against a git revision, or, for a file that is
 * unchanged or outside git, everything that it decides as things stand.
 *
 * @throws LotseError `git.failed`, `file.not-found`, `usage.argument`
 */
export async function impactOf(
  session: Session,
  request: ImpactRequest,
  progress?: (done: number, total: number) => void,
): Promise<ImpactReport> {
  const files = new Set(request.files.map((file) => inWorkspace(session, file, request.from)));
  const tracked = request.since !== undefined || (await hasRevision(session.directory, session.exec));
  if (!tracked && files.size === 0) {
    throw new LotseError({
      code: "usage.argument",
      message: "there is nothing to compare with: the workspace is in no git repository",
      hint: "name the files whose reach you want to see",
    });
  }
  if (tracked) {
    const revision = request.since ?? "HEAD";
    const changed = await changedSince(session.directory, revision, session.exec);
    const wanted = files.size === 0 ? changed : new Set([...files].filter((file) => changed.has(file)));
    if (request.since !== undefined || wanted.size > 0 || files.size === 0) {
      return { revision, impacts: await compareWith(session, revision, wanted, request.variables, progress) };
    }
  }
  for (const file of files) {
    if (session.engine.files.stamp(file) === undefined) {
      throw new LotseError({
        code: "file.not-found",
        message: `${file} does not exist`,
        hint: "name a file of the workspace",
        where: { file },
      });
    }
  }
  return { revision: undefined, impacts: findReach(session.engine, files) };
}

async function compareWith(
  session: Session,
  revision: string,
  changed: ReadonlySet<string>,
  variables: ImpactRequest["variables"],
  progress?: (done: number, total: number) => void,
): Promise<readonly Impact[]> {
  if (changed.size === 0) return [];
  const { workspace } = session.engine;
  const wanted = (path: string): boolean =>
    path === "lotse.yml" ||
    path === workspace.schema ||
    path.startsWith(`${workspace.root}/`) ||
    changed.has(path);
  const files = await GitFiles.open(session.directory, revision, session.exec, wanted);
  const before = new ConfigEngine({ files, clock: session.clock, variables });
  return findImpact(before, session.engine, changed, progress);
}

function inWorkspace(session: Session, file: string, from: string): string {
  const path = relative(session.directory, resolve(from, file)).split(sep).join("/");
  if (path !== "" && !path.startsWith("../")) return path;
  throw new LotseError({
    code: "usage.argument",
    message: `${file} is not in the workspace ${session.directory}`,
    hint: "name a file inside the workspace",
  });
}
