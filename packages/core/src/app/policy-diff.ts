import { ConfigEngine, GitFiles } from "../config/index.ts";
import {
  comparePolicyRuns,
  describeChange,
  loadRules,
  PolicySession,
  type PolicyChange,
  type PolicyRules,
  type PolicyRun,
} from "../policy/index.ts";
import type { Diagnostic } from "../kernel/index.ts";
import { policyRules, type PolicyRequest } from "./policy.ts";
import { templateSources } from "./template-facts.ts";
import type { Session } from "./session.ts";
import { waiverAuthors } from "./waiver-authors.ts";

/** What is compared. */
export interface PolicyDiffRequest extends Pick<PolicyRequest, "sources" | "strict"> {
  /** The git revision before the change. */
  readonly from: string;
  /** The revision after it. @defaultValue the files as they are */
  readonly to?: string | undefined;
}

/** What a change does to the policy. */
export interface PolicyDiff {
  readonly from: string;
  /** Null for the files as they are. */
  readonly to: string | null;
  /** Whether everything resolves, nothing breaks, and in a strict comparison nothing is lost sight of. */
  readonly ok: boolean;
  readonly changes: readonly PolicyChange[];
  /** Each change in one sentence. */
  readonly sentences: readonly string[];
  /** The scopes that do not resolve after the change; absent where all do. */
  readonly unresolved?: readonly Diagnostic[];
}

/**
 * Tells what a change breaks, mends or hides: the policy of one git revision against that of another, or of
 * the files as they are. Modules in `policy/checks` are those at hand on both sides, and so is what is known
 * besides the files, such as what runs.
 *
 * @throws LotseError `git.failed`, and as `policyCheck`
 */
export async function policyDiff(session: Session, request: PolicyDiffRequest): Promise<PolicyDiff> {
  const present = await policyRules(session, request);
  const before = await runAt(session, request.from, present, request);
  const after =
    request.to === undefined
      ? new PolicySession({ engine: session.engine, rules: present }).run({
          at: session.clock.now(),
          strict: request.strict,
        })
      : await runAt(session, request.to, present, request);
  const changes = comparePolicyRuns(before, after);
  const titles = new Map(present.frameworks.map(({ id, title }) => [id, title]));
  return {
    from: request.from,
    to: request.to ?? null,
    ok:
      after.unresolved === undefined &&
      changes.every(({ kind }) => kind === "mends" || (kind === "loses" && request.strict !== true)),
    changes,
    sentences: changes.map((change) => describeChange(change, titles)),
    ...(after.unresolved === undefined ? {} : { unresolved: after.unresolved }),
  };
}

async function runAt(
  session: Session,
  revision: string,
  present: PolicyRules,
  request: PolicyDiffRequest,
): Promise<PolicyRun> {
  const code = session.engine.workspace.app?.code;
  // The application's code is no part of the configuration, and may be large.
  const wanted = (path: string): boolean => code === undefined || !path.startsWith(`${code}/`);
  const files = await GitFiles.open(session.directory, revision, session.exec, wanted);
  const engine = new ConfigEngine({ files, clock: session.clock, variables: session.variables });
  const rules = await loadRules(files, {
    modules: present.modules,
    authors: await waiverAuthors(session),
    // What was rendered is rendered from that revision's templates; records are read from its files.
    sources: [
      ...templateSources({ engine }),
      ...present.sources.filter(({ name }) => name !== "records" && name !== "templates"),
    ],
  });
  return new PolicySession({ engine, rules }).run({ at: session.clock.now(), strict: request.strict });
}
