import { join } from "node:path";
import { isLotseError, readPrivateFile } from "../kernel/index.ts";
import {
  auditFacts,
  parseScan,
  secretFacts,
  releaseFacts,
  vulnerabilityFacts,
  type FactSource,
  type ReleaseKnowledge,
} from "../policy/index.ts";
import { releasesOf } from "./release-store.ts";
import { statusOf } from "./rollouts.ts";
import { secretKnowledge } from "./secrets/knowledge.ts";
import { soleTenant } from "./secrets/deploy.ts";
import type { Session } from "./session.ts";

/** Where the result of the last vulnerability scan is kept, below `.lotse`. */
export const scanPath = join("policy", "vulnerabilities.json");

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
    ...(await secretSources(session)),
    ...(await auditSources(session)),
  ];
}

/** Secrets are known of where a workspace has secret files. */
async function secretSources(session: Session): Promise<readonly FactSource[]> {
  const secrets = await secretKnowledge(session);
  return secrets.length === 0 ? [] : [secretFacts({ secrets, at: session.clock.now().toISOString() })];
}

/** The audit log, verified now. One that was never written to says nothing. */
async function auditSources(session: Session): Promise<readonly FactSource[]> {
  const report = await (await session.log.open()).verify();
  if (report.ok && report.size === 0) return [];
  return [
    auditFacts({
      ok: report.ok,
      entries: report.size,
      ...(report.reason === null ? {} : { problem: report.reason }),
      witnesses: report.witnesses.filter(({ status }) => status === "agrees").map(({ name }) => name),
      at: session.clock.now().toISOString(),
    }),
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
