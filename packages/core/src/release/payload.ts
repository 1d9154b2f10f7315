import type { Sensitive } from "../kernel/index.ts";
import type { FillFile } from "./filled-files.ts";
import type { TenantScope } from "./names.ts";
import type { Release } from "./release.ts";
import type { ReleaseStore } from "./store.ts";
import type { Payload } from "./target.ts";
import { scopedSpec } from "./targets/scoped-spec.ts";

/** The port that opens a tenant's secret variables when its process is about to start. */
export type SecretsFor = (scope: TenantScope) => Promise<Readonly<Record<string, Sensitive<string>>>>;

/** The port that opens the secrets of a tenant's rendered files when they are written. */
export type FillFor = (scope: TenantScope) => FillFile;

/** Makes out of a stored release what a target is handed for each tenant. */
export function payloadsOf(
  store: Pick<ReleaseStore, "materialise" | "filesOf">,
  release: Release,
  secretsFor?: SecretsFor,
  fillFor?: FillFor,
): (scope: TenantScope) => Payload {
  return (scope) => ({
    ...(secretsFor === undefined ? {} : { secrets: () => secretsFor(scope) }),
    release: release.id,
    version: release.version,
    spec: scopedSpec(release.target, scope),
    materialise: (directory) => store.materialise(release, scope, directory),
    files: () => store.filesOf(release, scope, fillFor?.(scope)),
  });
}
