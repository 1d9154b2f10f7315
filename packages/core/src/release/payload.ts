import type { TenantScope } from "./names.ts";
import type { Release } from "./release.ts";
import type { ReleaseStore } from "./store.ts";
import type { Payload } from "./target.ts";

/** Makes out of a stored release what `applyRollout` hands to the target for each tenant. */
export function payloadsOf(store: ReleaseStore, release: Release): (scope: TenantScope) => Payload {
  return (scope) => ({
    release: release.id,
    version: release.version,
    spec: release.target,
    materialise: (directory) => store.materialise(release, scope, directory),
  });
}
