import semver from "semver";
import { LotseError } from "../kernel/index.ts";

/**
 * Brings a version into its one form.
 *
 * @returns for example `1.2.3-rc.1`, without a leading `v`
 * @throws LotseError `release.version` when it is not a semantic version
 * @see https://semver.org/spec/v2.0.0.html
 */
export function normaliseVersion(version: string): string {
  const parsed = version.length > 256 ? null : semver.parse(version.replace(/^v/u, ""));
  if (parsed !== null) {
    return parsed.build.length === 0 ? parsed.version : `${parsed.version}+${parsed.build.join(".")}`;
  }
  throw new LotseError({
    code: "release.version",
    message: `${JSON.stringify(version.slice(0, 80))} is not a semantic version`,
    hint: "write it as 1.2.3 or v1.2.3; see semver.org",
  });
}

/** Whether a text is a semantic version, with or without a leading `v`. */
export function isVersion(text: string): boolean {
  return text.length <= 256 && semver.valid(text.replace(/^v/u, "")) !== null;
}

/** Orders versions, the highest first; build metadata decides where nothing else does. */
export function highestFirst(left: string, right: string): number {
  return semver.compareBuild(right, left);
}
