import { cachedSource } from "./cached-source.ts";
import type { FactSource } from "./fact.ts";

/** What runs in one scope, and who let it. */
export interface ReleaseKnowledge {
  readonly environment: string;
  readonly tenant: string | null;
  /** Who made the release; `undefined` where nobody wrote it down. */
  readonly author?: string | undefined;
  /** Who approved it; `undefined` where approvals are not recorded. */
  readonly approvers?: readonly string[] | undefined;
  /** The id of the release that was approved or, without approvals, deployed; by the records. */
  readonly approved: string;
  /** The id of what the target says is running. */
  readonly running: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** Makes facts of the release history. A scope that nothing was released to is left out. */
export function releaseFacts(releases: readonly ReleaseKnowledge[]): FactSource {
  return cachedSource("releases", ["release.approval", "release.running"], ({ environment, tenant }) => {
    const found = releases.find(
      (release) => release.environment === environment && release.tenant === tenant,
    );
    if (found === undefined) return {};
    const { author, approvers, approved, running, at } = found;
    return {
      "release.approval":
        author === undefined || approvers === undefined
          ? undefined
          : { value: { author, approvers }, path: `release ${approved.slice(0, 12)}`, at },
      "release.running": {
        value: { approved: approved.slice(0, 12), running: running.slice(0, 12) },
        path: `deployment ${environment}${tenant === null ? "" : `:${tenant}`}`,
        at,
      },
    };
  });
}
