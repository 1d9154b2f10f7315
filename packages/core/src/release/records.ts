import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  canonicalJson,
  isSystemError,
  LotseError,
  readPrivateFile,
  writePrivateFile,
} from "../kernel/index.ts";
import { corrupt } from "./objects.ts";
import { releaseIdOf, releaseSchema, sealOf, type Release } from "./release.ts";
import { highestFirst, isVersion, normaliseVersion } from "./version.ts";

const maxRecordBytes = 256 * 1024 * 1024;
const maxEnvelopeBytes = 1024 * 1024;

/** The releases of a workspace as files, `releases/ID.json`, and the signatures beside them. */
export class Records {
  readonly #directory: string;

  /** @param directory - the absolute path of the workspace's `.lotse` */
  constructor(directory: string) {
    this.#directory = join(directory, "releases");
  }

  /** Where a release is, and where its signature. */
  pathsOf(id: string): { readonly record: string; readonly envelope: string } {
    return {
      record: join(this.#directory, `${id}.json`),
      envelope: join(this.#directory, `${id}.intoto.json`),
    };
  }

  /** Writes a release. The signature first: what is not recorded does not exist. */
  async write(release: Release, envelope: string | null): Promise<void> {
    if (envelope !== null) await this.writeEnvelope(release.id, envelope);
    await writePrivateFile(this.pathsOf(release.id).record, canonicalJson(release));
  }

  /** Writes the signature of a release. */
  async writeEnvelope(id: string, envelope: string): Promise<void> {
    await writePrivateFile(this.pathsOf(id).envelope, envelope);
  }

  /** The signature of a release as it is stored; null where there is none. */
  async envelopeOf(id: string): Promise<string | null> {
    const content = await readPrivateFile(this.pathsOf(id).envelope, maxEnvelopeBytes);
    if (content === null) return null;
    // A byte that is not UTF-8 becomes another character here, and so does not pass as what was signed.
    return content.toString("utf8");
  }

  /** A release, checked against its id and its seal; null where there is none. @throws LotseError `release.corrupt` */
  async read(id: string): Promise<Release | null> {
    const { record: path } = this.pathsOf(id);
    const content = await readPrivateFile(path, maxRecordBytes);
    if (content === null) return null;
    let release: Release;
    try {
      release = releaseSchema.parse(JSON.parse(content.toString("utf8")));
    } catch (cause) {
      throw corrupt(path, `release ${id.slice(0, 12)} cannot be read`, cause);
    }
    const same = content.equals(Buffer.from(canonicalJson(release), "utf8"));
    if (!same || release.id !== id || releaseIdOf(release) !== id || sealOf(release) !== release.seal) {
      throw corrupt(path, `release ${id.slice(0, 12)} was changed after it was written`);
    }
    return release;
  }

  /** The ids of all releases. */
  async ids(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#directory);
      return names.filter((name) => /^[0-9a-f]{64}\.json$/u.test(name)).map((name) => name.slice(0, 64));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    }
  }

  /** All releases, the highest version first. @throws LotseError `release.corrupt` */
  async list(): Promise<readonly Release[]> {
    const found: Release[] = [];
    for (const id of await this.ids()) {
      const release = await this.read(id);
      if (release !== null) found.push(release);
    }
    return found.sort((left, right) => highestFirst(left.version, right.version));
  }

  /** @throws LotseError `release.not-found`, `release.ambiguous`, `release.corrupt` */
  async find(reference: string): Promise<Release> {
    const byId = /^[0-9a-f]{6,64}$/u.test(reference)
      ? (await this.ids()).filter((id) => id.startsWith(reference))
      : [];
    if (byId.length > 1) {
      throw new LotseError({
        code: "release.ambiguous",
        message: `${reference} fits ${byId.length} releases`,
        hint: `write more digits: ${byId.map((id) => id.slice(0, 16)).join(", ")}`,
      });
    }
    const release = byId[0] === undefined ? await this.#byVersion(reference) : await this.read(byId[0]);
    if (release !== null) return release;
    throw new LotseError({
      code: "release.not-found",
      message: `there is no release ${JSON.stringify(reference.slice(0, 80))}`,
      hint: "lotse release list shows those there are",
    });
  }

  async #byVersion(reference: string): Promise<Release | null> {
    if (!isVersion(reference)) return null;
    const version = normaliseVersion(reference);
    return (await this.list()).find((release) => release.version === version) ?? null;
  }
}
