import { join } from "node:path";
import { isLotseError, readPrivateFile } from "../kernel/index.ts";
import {
  parseScan,
  releaseFacts,
  vulnerabilityFacts,
  type FactSource,
  type ReleaseKnowledge,
} from "../policy/index.ts";
import { releasesOf } from "./releases.ts";
import { statusOf } from "./rollouts.ts";
import type { Session } from "./session.ts";

/** Where the result of the last vulnerability scan is kept, below `.lotse`. */
export const scanPath = join("policy", "vulnerabilities.json");

/** The name that releases have for an environment without tenants. */
const soleTenant = "default";

const maxScanBytes = 64 * 1024 * 1024;

/**
 * The sources that a workspace has by itself: the last vulnerability scan and the release history. What is
 * not there, or cannot be read now, stays unknown.
 *
 * @throws LotseError `vulnerability.source` for a damaged scan
 */
export async function workspaceSources(session: Session): Promise<readonly FactSource[]> {
  const scan = await readPrivateFile(join(session.state, scanPath), maxScanBytes);
  return [
    ...(scan === null
      ? []
      : [vulnerabilityFacts(parseScan(scan.toString("utf8"), `.lotse/${scanPath}`), `.lotse/${scanPath}`)]),
    releaseFacts(await runningReleases(session)),
  ];
}

async function runningReleases(session: Session): Promise<readonly ReleaseKnowledge[]> {
  if (session.engine.workspace.app === undefined) return [];
  try {
    const at = session.clock.now().toISOString();
    const authors = new Map((await releasesOf(session).list()).map(({ id, createdBy }) => [id, createdBy]));
    return (await statusOf(session, undefined, [])).flatMap(({ deployment, state }) => {
      const { current, environment, tenant } = deployment;
      if (current === null) return [];
      const running = state.colours.find(({ colour }) => colour === state.active)?.release;
      return [
        {
          environment,
          tenant: tenant === soleTenant ? null : tenant,
          author: authors.get(current.release),
          approved: current.release,
          running: running ?? "",
          at,
        },
      ];
    });
  } catch (error) {
    // A target that does not answer leaves unknown what runs; the rest of the policy can still be judged.
    if (isLotseError(error)) return [];
    throw error;
  }
}
