import { createHash } from "node:crypto";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, isLotseError, LotseError, removeTree, systemClock } from "@lotse/core/kernel";
import {
  objectsOf,
  isVersion,
  normaliseVersion,
  openObjects,
  Records,
  withReleaseLock,
  type ObjectStore,
  type Release,
} from "@lotse/core/release";
import type { Database } from "../database/database.ts";

/** The largest part of an object in one row, in bytes. */
export const partBytes = 1024 * 1024;

/** How many digests are asked for at once. */
const digestBatch = 1000;

/**
 * Puts a release of this workspace into the database, for workers that share no disk with it: its objects
 * first, its record last, so what is recorded is complete. Twice is once, and what is there is not sent again.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 * @throws LotseError `release.not-found`, `release.corrupt`; `release.exists` when the version is another
 * release there
 */
export async function pushRelease(database: Database, directory: string, id: string): Promise<void> {
  const records = new Records(directory);
  const release = await records.read(id);
  if (release === null) throw unknown(id);
  const objects = openObjects(join(directory, "objects"));
  const digests = await allObjects(release, objects);
  const there = await present(database, digests);
  for (const digest of digests)
    if (!there.has(digest)) await pushObject(database, digest, await objects.get(digest));
  const envelope = await records.envelopeOf(id);
  await database.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ id: string }>(
      `INSERT INTO lotse.releases (id, version, record, envelope) VALUES ($1, $2, $3, $4)
       ON CONFLICT (version) DO UPDATE SET envelope = coalesce(excluded.envelope, releases.envelope)
       RETURNING id`,
      [id, release.version, canonicalJson(release), envelope],
    );
    if (rows[0]?.id !== id) throw taken(release.version);
    await transaction.query(
      `INSERT INTO lotse.release_objects (release, digest) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING`,
      [id, digests],
    );
  });
}

/**
 * Brings a release from the database into this workspace, where it is not there yet. Every byte is checked
 * against its digest, and the record against its id, before anything of it counts.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 * @throws LotseError `release.not-found` when neither has it, `release.corrupt`, `rollout.locked` when releases are
 * being made or pruned here for a minute
 */
export async function fetchRelease(database: Database, directory: string, id: string): Promise<void> {
  const records = new Records(directory);
  if ((await records.read(id)) !== null) return;
  const { rows } = await database.query<{ record: string; envelope: string | null }>(
    "SELECT record, envelope FROM lotse.releases WHERE id = $1",
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw unknown(id);
  const release = await checkedRecord(directory, id, row.record);
  const { rows: named } = await database.query<{ digest: string }>(
    "SELECT digest FROM lotse.release_objects WHERE release = $1 ORDER BY digest",
    [id],
  );
  await withReleaseLock(
    { directory, clock: systemClock },
    `fetch of release ${release.version}`,
    async () => {
      const objects = openObjects(join(directory, "objects"));
      for (const { digest } of named)
        if (!(await has(objects, digest))) await fetchObject(database, objects, digest);
      await records.write(release, row.envelope);
    },
  );
}

/**
 * Brings a release here by a name that nobody here knows, as a machine does that deployed it nowhere yet.
 *
 * @param directory - the absolute path of the workspace's `.lotse`
 * @param reference - its id, the first six or more digits of it, or its version
 * @throws LotseError `release.ambiguous`; as `fetchRelease`
 */
export async function bringRelease(database: Database, directory: string, reference: string): Promise<void> {
  const { rows } = await database.query<{ id: string }>(
    "SELECT id FROM lotse.releases WHERE version = $1 OR (length($2) >= 6 AND starts_with(id, $2)) ORDER BY id LIMIT 5",
    [versionOf(reference), /^[0-9a-f]{6,64}$/u.test(reference) ? reference : ""],
  );
  const [only, ...others] = rows;
  if (only === undefined) throw unknown(reference);
  if (others.length > 0) {
    throw new LotseError({
      code: "release.ambiguous",
      message: `${reference} fits several releases of the database`,
      hint: `write more digits: ${rows.map(({ id }) => id.slice(0, 16)).join(", ")}`,
    });
  }
  await fetchRelease(database, directory, only.id);
}

/** The one form of a version; what is none stands for no release. */
function versionOf(reference: string): string {
  return isVersion(reference) ? normaliseVersion(reference) : "";
}

/** The digests of everything that a release is made of, each once. */
async function allObjects(release: Release, objects: ObjectStore): Promise<readonly string[]> {
  const found = new Set<string>();
  const waiting = [...objectsOf(release)];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found.add(next.digest);
    if (next.inner !== undefined) waiting.push(...(await next.inner(objects)));
  }
  return [...found];
}

async function present(database: Database, digests: readonly string[]): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (let from = 0; from < digests.length; from += digestBatch) {
    const { rows } = await database.query<{ digest: string }>(
      "SELECT digest FROM lotse.object_sizes WHERE digest = ANY($1)",
      [digests.slice(from, from + digestBatch)],
    );
    for (const { digest } of rows) there.add(digest);
  }
  return there;
}

/** Its size is written last: without it the object is not there, and its parts are written again. */
async function pushObject(database: Database, digest: string, bytes: Buffer): Promise<void> {
  const parts = Math.max(1, Math.ceil(bytes.length / partBytes));
  for (let part = 0; part < parts; part++) {
    await database.query(
      `INSERT INTO lotse.objects (digest, part, bytes) VALUES ($1, $2, $3)
       ON CONFLICT (digest, part) DO UPDATE SET bytes = excluded.bytes`,
      [digest, part, bytes.subarray(part * partBytes, (part + 1) * partBytes)],
    );
  }
  await database.query(
    "INSERT INTO lotse.object_sizes (digest, size, parts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [digest, bytes.length, parts],
  );
}

async function fetchObject(database: Database, objects: ObjectStore, digest: string): Promise<void> {
  const { rows } = await database.query<{ parts: number }>(
    "SELECT parts FROM lotse.object_sizes WHERE digest = $1",
    [digest],
  );
  const parts: Buffer[] = [];
  for (let part = 0; part < (rows[0]?.parts ?? 0); part++) {
    const found = await database.query<{ bytes: Buffer }>(
      "SELECT bytes FROM lotse.objects WHERE digest = $1 AND part = $2",
      [digest, part],
    );
    parts.push(found.rows[0]?.bytes ?? Buffer.alloc(0));
  }
  const bytes = Buffer.concat(parts);
  if (createHash("sha256").update(bytes).digest("hex") !== digest)
    throw corrupt(`object ${digest.slice(0, 12)} in the database is missing or was changed`);
  await objects.put(bytes);
}

function has(objects: ObjectStore, digest: string): Promise<boolean> {
  return objects.get(digest).then(
    () => true,
    () => false,
  );
}

/** Checks a record as one that lies in a workspace, before it lies in this one. */
async function checkedRecord(directory: string, id: string, text: string): Promise<Release> {
  const parent = join(directory, "state");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const aside = await mkdtemp(join(parent, ".fetched-"));
  try {
    const records = new Records(aside);
    await records.write(JSON.parse(text) as Release, null);
    const release = await records.read(id);
    if (release !== null) return release;
  } catch (cause) {
    if (!isLotseError(cause) && !(cause instanceof SyntaxError)) throw cause;
    throw corrupt(`release ${id.slice(0, 12)} in the database was changed after it was written`, cause);
  } finally {
    await removeTree(aside);
  }
  throw corrupt(`release ${id.slice(0, 12)} in the database is another one`);
}

function corrupt(message: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "release.corrupt",
    message,
    hint: "deploy again from the workspace that made the release, which puts it there anew",
    cause,
  });
}

function unknown(reference: string): LotseError {
  const name = /^[0-9a-f]{13,}$/u.test(reference)
    ? reference.slice(0, 12)
    : JSON.stringify(reference.slice(0, 80));
  return new LotseError({
    code: "release.not-found",
    message: `there is no release ${name} here or in the database`,
    hint: "lotse release list shows those there are",
  });
}

function taken(version: string): LotseError {
  return new LotseError({
    code: "release.exists",
    message: `version ${version} is taken in the database by a release with other content`,
    hint: "a release never changes; choose a new version",
  });
}
