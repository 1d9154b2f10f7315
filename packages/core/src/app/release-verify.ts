import { LotseError } from "../kernel/index.ts";
import type { Release, VerifiedRelease } from "../release/index.ts";
import { releasesOf } from "./release-store.ts";
import { signingKeyOf } from "./secrets/signing-key.ts";
import type { Session } from "./session.ts";

/**
 * Checks every byte of releases, their seals and their signatures.
 *
 * @param reference - id, beginning of it, or version; all releases if left out
 * @throws LotseError `release.not-found`, `release.ambiguous`
 */
export async function verifyReleases(
  session: Session,
  reference: string | undefined,
): Promise<readonly VerifiedRelease[]> {
  const store = releasesOf(session);
  if (reference === undefined) return await store.verifyAll();
  // A damaged record is a finding too, as long as its id is named.
  if (/^[0-9a-f]{64}$/u.test(reference)) return await store.verifyAll(reference);
  return await store.verifyAll((await store.read(reference)).id);
}

/**
 * Signs a release that is there, with the actor's key; a signature of somebody else stays.
 *
 * @returns the release and the public key
 * @throws LotseError `release.not-found`, `release.corrupt`: what is damaged is not signed; `secret.identity`
 */
export async function signStoredRelease(
  session: Session,
  reference: string,
): Promise<{ readonly release: Release; readonly key: string }> {
  const store = releasesOf(session);
  const release = await store.read(reference);
  const { problems } = await store.verify(release);
  if (problems.length > 0) throw damaged(release, problems);
  const key = await signingKeyOf(session.variables);
  await session.recorder.change(
    { action: "release.sign", object: release.version, version: release.version, fingerprint: release.id },
    () => store.sign(release, key),
  );
  return { release, key: key.publicKey };
}

function damaged(release: Release, problems: readonly string[]): LotseError {
  return new LotseError({
    code: "release.damaged",
    message: `release ${release.version} is damaged and was not signed: ${problems[0]}`,
    hint: `lotse release verify ${release.version} tells all that is wrong with it`,
  });
}
