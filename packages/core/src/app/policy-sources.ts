import { join } from "node:path";
import { isLotseError, readPrivateFile } from "../kernel/index.ts";
import {
  auditFacts,
  parseScan,
  secretFacts,
  releaseFacts,
  vulnerabilityFacts,
  type FactScope,
  type FactSource,
  type ReleaseKnowledge,
} from "../policy/index.ts";
import type { Node, SecretReference } from "../config/index.ts";
import { nameOfReference } from "../secrets/store/index.ts";
import { releasesOf } from "./release-store.ts";
import { statusOf } from "./rollouts.ts";
import { secretKnowledge } from "./secrets/knowledge.ts";
import { soleTenant } from "./secrets/deploy.ts";
import type { Session } from "./session.ts";
import { templateSources } from "./template-facts.ts";

/** Where the result of the last vulnerability scan is kept, below `.lotse`. */
export const scanPath = join("policy", "vulnerabilities.json");

const maxScanBytes = 64 * 1024 * 1024;

/**
 * The sources that a workspace has by itself: the last vulnerability scan, rendered templates, the release history,
 * the secrets and the audit log. What is
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
    ...templateSources(session),
    releaseFacts(await runningReleases(session)),
    ...(await secretSources(session)),
    ...(await auditSources(session)),
  ];
}

/** Secrets are known of where a workspace has secret files. */
async function secretSources(session: Session): Promise<readonly FactSource[]> {
  const secrets = await secretKnowledge(session);
  if (secrets.length === 0) return [];
  const at = session.clock.now().toISOString();
  return [secretFacts({ secrets, referenced: (scope) => referencedIn(session, scope), at })];
}

/** The secrets that a scope's configuration refers to; of one that does not resolve, nobody asks. */
function referencedIn({ engine }: Session, { environment, tenant }: FactScope): readonly string[] {
  const found = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === "map") for (const child of node.entries.values()) visit(child);
    else if (node.kind === "list") for (const child of node.items) visit(child);
    else if (node.kind === "secret") {
      for (const part of (node.value as SecretReference).parts)
        if (part.kind === "secret") found.add(nameOf(part));
    }
  };
  visit(engine.resolve({ environment, tenant: tenant ?? undefined }).root);
  return [...found];
}

/** The name that a reference has among the secrets; of one that cannot be a name, what it says: nobody knows it. */
function nameOf(reference: { readonly path: string; readonly field: string | undefined }): string {
  try {
    return nameOfReference(reference);
  } catch (error) {
    if (isLotseError(error)) return `${reference.path}#${reference.field ?? ""}`;
    throw error;
  }
}

/** The audit log, verified now. One that was never written to says nothing. */
async function auditSources(session: Session): Promise<readonly FactSource[]> {
  const report = await (await session.log.open()).verify();
  if (report.ok && report.size === 0) return [];
  const away = witnessesElsewhere(session);
  return [
    auditFacts({
      ok: report.ok,
      entries: report.size,
      ...(report.reason === null ? {} : { problem: report.reason }),
      witnesses: report.witnesses
        .filter(({ name, status }) => status === "agrees" && away.has(name))
        .map(({ name }) => name),
      at: session.clock.now().toISOString(),
    }),
  ];
}

/**
 * The names of the witnesses that are not files of this machine: who takes over the host takes those along. Witnesses
 * are named by type and place in the list of `lotse.yml`.
 */
function witnessesElsewhere({ engine }: Session): ReadonlySet<string> {
  return new Set(
    engine.workspace.audit.witnesses.flatMap((witness, index) =>
      witness.type === "git" && !/^(?:file:|[./~])/u.test(witness.remote)
        ? [`${witness.type}-${index + 1}`]
        : [],
    ),
  );
}

/**
 * The tenant that a deployment is of. An environment without tenants is released under a name of its own, which a
 * tenant may have as well: which of both is meant, the environment tells.
 *
 * @returns null for the environment itself
 */
export function tenantOfDeployment(
  { engine }: Pick<Session, "engine">,
  environment: string,
  tenant: string,
): string | null {
  if (tenant !== soleTenant) return tenant;
  const { environments } = engine.workspace;
  // Of an environment that is gone, nobody asks.
  if (!environments.includes(environment)) return null;
  return engine.scopes(environment).some((scope) => scope.tenant === tenant) ? tenant : null;
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
          tenant: tenantOfDeployment(session, environment, tenant),
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
