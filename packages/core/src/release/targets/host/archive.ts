import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { lstat, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { LotseError, removeTree } from "../../../kernel/index.ts";
import type { FilledFiles } from "../../filled-files.ts";
import type { Materialised } from "../../materialise.ts";
import type { Colour } from "../../names.ts";
import type { Payload } from "../../target.ts";
import type { HostSpec } from "./spec.ts";
import { entriesBelow, tarEnd, tarFile, tarMember, tarOf, type TarEntry } from "./tar.ts";

/** An archive that is sent to hosts. */
export interface ReleaseArchive {
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly digest: string;
  /** The directory that it has on hosts: each content and each colour has its own. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The name of the artefact, which lies in `artefact` of the archive; null where there is none. */
  readonly artefact: string | null;
  /** Removes what was written on this machine. */
  remove(): Promise<void>;
}

/** An archive in memory, for what must not touch this machine's disk. */
export interface SmallArchive {
  readonly bytes: Buffer;
  readonly digest: string;
}

/** Packs a few members in memory. */
export function packSmall(entries: readonly TarEntry[]): SmallArchive {
  const bytes = gzipSync(tarOf(entries), { level: 1 });
  return { bytes, digest: createHash("sha256").update(bytes).digest("hex") };
}

const leftoverPrefix = "lotse-release-";

/** Nothing takes that long to be packed and sent. */
const leftoverMs = 24 * 60 * 60 * 1000;

/** Removes what processes left here that were killed while they packed. What cannot be removed holds up nobody. */
async function sweepLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(leftoverPrefix))) {
    await removeLeftover(join(tmpdir(), name)).catch(() => undefined);
  }
}

async function removeLeftover(path: string): Promise<void> {
  const status = await lstat(path);
  const isOurs = status.isDirectory() && status.uid === process.getuid?.();
  if (isOurs && Date.now() - status.mtimeMs > leftoverMs) await removeTree(path);
}

/** The members of what was rendered, below `files`, directories before what is in them; none where nothing was. */
export function fileMembers({ files }: FilledFiles): readonly TarEntry[] {
  const directories = new Set<string>();
  for (const { path } of files) {
    const parts = ["files", ...path.split("/")];
    for (let depth = 1; depth < parts.length; depth++) directories.add(parts.slice(0, depth).join("/"));
  }
  return [
    ...[...directories].sort().map((path) => ({ path, directory: true }) as const),
    ...files.map(({ path, bytes }) => ({ path: `files/${path}`, mode: 0o600, content: Buffer.from(bytes) })),
  ];
}

/**
 * Writes a release's code, configuration and artefact into one archive in a private directory of this machine.
 * Where hosts fetch the code themselves, it holds the configuration and where the code comes from.
 *
 * @throws LotseError `target.spec` where the code is to come out of the artefact and the release has none; what
 * `payload.materialise` throws
 */
export async function packRelease(payload: Payload, spec: HostSpec, colour: Colour): Promise<ReleaseArchive> {
  await sweepLeftovers();
  const work = await mkdtemp(join(tmpdir(), leftoverPrefix));
  try {
    const written = await payload.materialise(join(work, "release"));
    const file = join(work, "release.tar.gz");
    const content = createHash("sha256");
    const digest = createHash("sha256");
    await pipeline(
      Readable.from(membersOf(spec, written)),
      observed(content),
      createGzip({ level: 1 }),
      observed(digest),
      createWriteStream(file, { mode: 0o600 }),
    );
    // How it is installed belongs to what it is: the result lies in the same directory.
    const how = JSON.stringify([spec.install ?? null, spec.shared]);
    const name = content.update(how).digest("hex").slice(0, 16);
    return {
      file,
      digest: digest.digest("hex"),
      directory: `${payload.release.replaceAll(/[^A-Za-z0-9]/gu, "").slice(0, 16)}-${name}-${colour}`,
      variables: written.variables,
      artefact: written.artefactFile === undefined ? null : basename(written.artefactFile),
      remove: () => removeTree(work),
    };
  } catch (error) {
    await removeTree(work);
    throw error;
  }
}

function observed(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _, next) {
      hash.update(chunk);
      next(null, chunk);
    },
  });
}

async function* membersOf(spec: HostSpec, written: Materialised): AsyncGenerator<Buffer> {
  const { codeDirectory, configFile, artefactFile } = written;
  yield* codeMembers(spec.artefact, codeDirectory, artefactFile);
  yield tarMember({ path: "config.json", mode: 0o644, content: await readFile(configFile) });
  if (artefactFile !== undefined) {
    yield tarMember({ path: "artefact", directory: true });
    yield* tarFile(`artefact/${basename(artefactFile)}`, 0o644, artefactFile);
  }
  yield tarEnd();
}

async function* codeMembers(
  artefact: HostSpec["artefact"],
  code: string,
  artefactFile: string | undefined,
): AsyncGenerator<Buffer> {
  const text = (path: string, content: string): Buffer =>
    tarMember({ path, mode: 0o600, content: Buffer.from(content) });
  switch (artefact.from) {
    case "release":
      for await (const entry of entriesBelow(code, "code")) yield tarMember(entry);
      return;
    case "artefact":
      if (artefactFile === undefined) throw noArtefact();
      yield text("unpack", "");
      return;
    case "git":
      yield text("source", `${artefact.url}\n${artefact.commit}\n`);
      return;
    case "tarball":
      yield text("source", `${artefact.url}\n${artefact.sha256}\n`);
      return;
    default:
      artefact satisfies never;
  }
}

function noArtefact(): LotseError {
  return new LotseError({
    code: "target.spec",
    message: "target.artefact: the code is to come out of the artefact, and the release has none",
    hint: "set app.artefact in lotse.yml and make a new release, or leave target.artefact out",
    where: { path: "target.artefact" },
  });
}
