import { randomBytes } from "node:crypto";
import { LotseError, readPrivateFile } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest, type Manifest } from "../../secrets/manifest/index.ts";
import { formatOfFile, mergeSops } from "../../secrets/sops/index.ts";
import { boundContentOf, checkOrigin, makeManifest, type BoundContent } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { findBoundFile } from "./git-history.ts";
import { forgetOld, keep, keptPath, readKept, takeKept, type Merged } from "./kept-merge.ts";
import { secretLayerOfFile } from "./layers.ts";
import { identitiesOf, type FileTools } from "./plain-files.ts";
import { signingKeyOf } from "./signing-key.ts";

/** Three versions of one file, as git hands them to a merge driver; absolute paths. */
export interface MergeInput {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  /** The file's path, for its format and for messages; in a workspace, relative to it. */
  readonly path: string;
}

/** The three versions; null where a side has none. */
interface Sides {
  readonly base: Uint8Array | null;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
}

const manifestEnding = ".manifest.json";
const maxBytes = 16 * 1024 * 1024;

/** Whether a path is that of a manifest. */
export function isManifest(path: string): boolean {
  return path.endsWith(manifestEnding);
}

/**
 * Merges three versions of a sops file by value, with a new MAC.
 *
 * @throws LotseError `secret.no-key`, `secret.mac`, …
 */
export async function mergeFiles(tools: FileTools, input: MergeInput): Promise<Merged> {
  return await mergeSides(tools, await sidesOf(input), input.path);
}

/**
 * Merges three versions of a workspace's secret file. The manifest that git merges before or after it binds
 * the same bytes, whichever comes first.
 *
 * @throws LotseError as {@link mergeFiles}
 */
export async function mergeSecretFile(session: Session, input: MergeInput): Promise<Merged> {
  await session.secrets.trusted();
  const sides = await sidesOf(input);
  return await mergeOnce(session, sides, input.path);
}

/**
 * Merges two manifests into one that binds the merged file: one version above both. Where the file has
 * conflicts, the manifest has them, too, and binds what could be merged.
 *
 * @throws LotseError `secret.signature`, `secret.manifest` for a side that is not the one that belongs here;
 * `secret.conflict` where git does not have the files that both manifests bind
 */
export async function mergeManifests(session: Session, input: MergeInput): Promise<Merged> {
  const path = input.path.slice(0, -manifestEnding.length);
  const layer = secretLayerOfFile(session, path);
  await session.secrets.trusted();
  const manifests = await sidesOf(input);
  const ours = parseManifest(manifests.ours, input.path);
  const theirs = parseManifest(manifests.theirs, input.path);
  const base = manifests.base === null ? null : parseManifest(manifests.base, input.path);
  // The merge is signed by whoever merges: what nobody may have signed must not get a signature by it.
  for (const side of [ours, theirs]) checkOrigin(session.secrets.reading, layer, side);
  const merged =
    (await takeKept(keptPath(session, path, base, ours, theirs))) ??
    (await mergeOnce(session, await filesOf(session, path, { base, ours, theirs }, manifests), path));
  const seen = await session.secrets.reading.seen.of(path);
  const manifest = makeManifest({
    workspace: session.engine.workspace.name,
    layer,
    file: path,
    incoming: null,
    format: formatOfFile(path),
    bytes: merged.bytes,
    before: ours.version >= theirs.version ? ours : theirs,
    above: seen?.version ?? 0,
    taken: laterValues(ours, theirs),
    who: `${session.actor.kind}:${session.actor.id}`,
    now: session.clock.now(),
    key: await signingKeyOf(session.variables),
  });
  return { ...merged, bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) };
}

/** The three versions of the file that three manifests bind, out of git. */
async function filesOf(
  session: Session,
  path: string,
  {
    base,
    ours,
    theirs,
  }: { readonly base: Manifest | null; readonly ours: Manifest; readonly theirs: Manifest },
  manifests: Sides,
): Promise<Sides> {
  const find = async (manifest: Manifest, bytes: Uint8Array): Promise<Uint8Array> => {
    const found = await findBoundFile(session, path, manifest, bytes);
    if (found !== null) return found;
    throw new LotseError({
      code: "secret.conflict",
      message: `${manifestPathOf(path)} cannot be merged: git does not have the file that version ${manifest.version} binds`,
      hint: `resolve the file first, then: lotse secrets sign ${path}`,
      where: { file: manifestPathOf(path) },
    });
  };
  return {
    base:
      base === null || manifests.base === null ? null : await findBase(session, path, base, manifests.base),
    ours: await find(ours, manifests.ours),
    theirs: await find(theirs, manifests.theirs),
  };
}

/**
 * The file of a common ancestor. That of a criss-cross is itself a merge of ours, in no commit. One that cannot be
 * found is as good as none: what the sides have differently is a conflict then.
 */
async function findBase(
  session: Session,
  path: string,
  manifest: Manifest,
  bytes: Uint8Array,
): Promise<Uint8Array | null> {
  const found = await findBoundFile(session, path, manifest, bytes);
  if (found !== null) return found;
  const { structure, recipients } = manifest;
  const merged = await readKept(keptPath(session, path, { structure, recipients }));
  const bound = merged === null ? null : boundContentOf(merged.bytes, path);
  return bound !== null && merged !== null && isSameContent(bound, manifest) ? merged.bytes : null;
}

function isSameContent(left: BoundContent, right: BoundContent): boolean {
  return left.structure === right.structure && left.recipients.join("\n") === right.recipients.join("\n");
}

/** What git takes without asking when only one side changed; otherwise one merge for file and manifest. */
async function mergeOnce(session: Session, sides: Sides, path: string): Promise<Merged> {
  const { base, ours, theirs } = sides;
  const whole = (bytes: Uint8Array): Merged => ({ bytes, conflicts: [], needsRotation: false });
  if (same(ours, theirs) || (base !== null && same(base, theirs))) return whole(ours);
  if (base !== null && same(base, ours)) return whole(theirs);
  const bound = (bytes: Uint8Array): BoundContent => boundContentOf(bytes, path);
  const kept = keptPath(session, path, base === null ? null : bound(base), bound(ours), bound(theirs));
  const before = await takeKept(kept);
  if (before !== null) return before;
  const merged = await mergeSides(session, sides, path);
  await keep(kept, merged);
  // For a merge whose base this is.
  await keep(keptPath(session, path, bound(merged.bytes)), merged);
  await forgetOld(session);
  return merged;
}

async function mergeSides(tools: FileTools, { base, ours, theirs }: Sides, path: string): Promise<Merged> {
  const { conflicts, bytes, needsRotation } = await mergeSops(
    {
      base: base ?? undefined,
      ours,
      theirs,
      format: formatOfFile(path),
      file: path,
      identities: await identitiesOf(tools),
    },
    { clock: () => tools.clock.now(), randomBytes },
  );
  return { conflicts, bytes, needsRotation };
}

function laterValues(ours: Manifest, theirs: Manifest): Manifest["values"] {
  const values = { ...ours.values };
  for (const [name, record] of Object.entries(theirs.values)) {
    const own = values[name];
    if (own === undefined || record.version > own.version) values[name] = record;
  }
  return values;
}

async function sidesOf({ base, ours, theirs }: MergeInput): Promise<Sides> {
  const read = async (path: string): Promise<Uint8Array | null> => await readPrivateFile(path, maxBytes);
  const common = await read(base);
  const none = new Uint8Array();
  return {
    base: common === null || common.length === 0 ? null : common,
    ours: (await read(ours)) ?? none,
    theirs: (await read(theirs)) ?? none,
  };
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.from(left).equals(right);
}
