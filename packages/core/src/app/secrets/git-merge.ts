import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { LotseError, readPrivateFile, removeTree, writePrivateFile } from "../../kernel/index.ts";
import { parseManifest, type Manifest } from "../../secrets/manifest/index.ts";
import { formatOfFile, mergeSops } from "../../secrets/sops/index.ts";
import { makeManifest, type SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { identitiesOf, type FileTools } from "./plain-files.ts";
import { signingKeyOf } from "./signing-key.ts";

/** Three versions of one file, as git hands them to a merge driver; absolute paths. */
export interface MergeInput {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  /** The file's path in the repository, for its format and for messages. */
  readonly path: string;
}

/** How a merge ended. */
export interface Merged {
  /** Names of values that both sides changed, each in its own way. */
  readonly conflicts: readonly string[];
  readonly bytes: Uint8Array;
  /** Whether somebody was shut out who still knows the merged file's data key. */
  readonly needsRotation: boolean;
}

const manifestEnding = ".manifest.json";
const maxBytes = 16 * 1024 * 1024;

/**
 * Merges three versions of a sops file by value, with a new MAC.
 *
 * @throws LotseError `secret.no-key`, `secret.mac`, …
 */
export async function mergeFiles(tools: FileTools, input: MergeInput): Promise<Merged> {
  const base = await readWhole(input.base);
  const ours = await readWhole(input.ours);
  const theirs = await readWhole(input.theirs);
  const merged = await mergeSops(
    {
      base: base === null || base.length === 0 ? undefined : base,
      ours: ours ?? new Uint8Array(),
      theirs: theirs ?? new Uint8Array(),
      format: formatOfFile(input.path),
      file: input.path,
      identities: await identitiesOf(tools),
    },
    { clock: () => tools.clock.now(), randomBytes },
  );
  const { conflicts, bytes, needsRotation } = merged;
  return { conflicts, bytes, needsRotation };
}

/** Whether a path is that of a manifest. */
export function isManifest(path: string): boolean {
  return path.endsWith(manifestEnding);
}

/** Keeps the merged file for its manifest, which git merges next and which binds its content. */
export async function keepMerged(session: Session, path: string, bytes: Uint8Array): Promise<void> {
  await writePrivateFile(keptPath(session, path), bytes, { sync: false });
}

/**
 * Merges two manifests into one that binds the merged file: one version above both.
 *
 * @param layerOf - the layer of a path of the workspace
 * @throws LotseError `secret.conflict` where the file itself was not merged before
 */
export async function mergeManifests(
  session: Session,
  input: MergeInput,
  layerOf: (file: string) => SecretLayer,
): Promise<Uint8Array> {
  const ours = parseManifest((await readWhole(input.ours)) ?? new Uint8Array(), input.path);
  const theirs = parseManifest((await readWhole(input.theirs)) ?? new Uint8Array(), input.path);
  const kept = keptPath(session, input.path.slice(0, -manifestEnding.length));
  const bytes = await readWhole(kept);
  if (bytes === null) {
    throw new LotseError({
      code: "secret.conflict",
      message: `${input.path} cannot be merged, as its file was not`,
      hint: `resolve the file first, then: lotse secrets sign ${ours.file}`,
      where: { file: input.path },
    });
  }
  await removeTree(kept);
  const newer = ours.version >= theirs.version ? ours : theirs;
  const manifest = makeManifest({
    workspace: session.engine.workspace.name,
    layer: layerOf(ours.file),
    file: ours.file,
    incoming: ours.incoming,
    format: formatOfFile(ours.file),
    bytes,
    before: newer,
    taken: laterValues(ours, theirs),
    who: `${session.actor.kind}:${session.actor.id}`,
    now: session.clock.now(),
    key: await signingKeyOf(session.variables),
  });
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

function laterValues(ours: Manifest, theirs: Manifest): Manifest["values"] {
  const values = { ...ours.values };
  for (const [name, record] of Object.entries(theirs.values)) {
    const own = values[name];
    if (own === undefined || record.version > own.version) values[name] = record;
  }
  return values;
}

function keptPath({ state }: Session, path: string): string {
  return join(state, "secrets", "merge", createHash("sha256").update(path).digest("hex").slice(0, 40));
}

async function readWhole(path: string): Promise<Buffer | null> {
  return await readPrivateFile(path, maxBytes);
}
