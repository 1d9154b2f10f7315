import { isLotseError } from "../kernel/index.ts";
import { authorsOf } from "../policy/index.ts";
import type { Session } from "./session.ts";

/** Where waivers are kept; see docs/policy.md. */
const directory = "policy/waivers";

/** What changes a file of the workspace, as the audit log names it. */
const actions = ["config.set", "waiver"] as const;

/**
 * Who wrote each waiver: as git knows it, and for a file that git has no commit of, whoever changed it as the audit
 * log says. A log that cannot be read says nothing.
 *
 * @returns by path in the workspace; a file that neither knows is not in it
 */
export async function waiverAuthors(session: Session): Promise<ReadonlyMap<string, readonly string[]>> {
  const known = await authorsOf(session.directory, session.exec);
  const unknown = session.engine.files
    .list(directory)
    .map((name) => `${directory}/${name}`)
    .filter((file) => !known.has(file));
  if (unknown.length === 0) return known;
  return new Map([...known, ...(await loggedAuthors(session, new Set(unknown)))]);
}

async function loggedAuthors(
  session: Session,
  files: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  try {
    const log = await session.log.open();
    for (const action of actions) {
      for await (const { object, outcome, actor } of log.list({ action, first: "oldest" })) {
        // An edit names the path in the file as well: FILE#PATH.
        const file = object?.split("#", 1)[0] ?? "";
        if (outcome !== "success" || !files.has(file)) continue;
        found.set(file, [...(found.get(file) ?? []), actor.id]);
      }
    }
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return new Map();
  }
  return found;
}
