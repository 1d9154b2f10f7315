import type { AppDefinition } from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import { openReleases, type ReleaseStore } from "../release/index.ts";
import { isSignedBy } from "../secrets/manifest/index.ts";
import type { Session } from "./session.ts";

/** The releases of a workspace; those signed by whom `secrets.signers` lists count, where it lists anybody. */
export function releasesOf(session: Session): ReleaseStore {
  const { signers } = session.engine.workspace.secrets;
  return openReleases(session.state, session.clock, { signers, check: isSignedBy });
}

/** The `app` section of `lotse.yml`. @throws LotseError `release.no-target` */
export function appOf(session: Session): AppDefinition {
  const { app } = session.engine.workspace;
  if (app !== undefined) return app;
  throw new LotseError({
    code: "release.no-target",
    message: "lotse.yml does not say what a release is made of and where it runs",
    hint: "add an `app` section with `code` and `target`; see docs/release.md",
    where: { file: "lotse.yml" },
  });
}
