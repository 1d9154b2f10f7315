import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { removeTree } from "../../../kernel/index.ts";
import type { Colour } from "../../names.ts";
import type { Payload } from "../../target.ts";
import type { HostSpec } from "./spec.ts";
import { entriesBelow, tarEnd, tarMember, tarOf, type TarEntry } from "./tar.ts";

/** An archive that is sent to hosts. */
export interface ReleaseArchive {
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly digest: string;
  /** The directory that it has on hosts: each content and each colour has its own. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
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

/**
 * Writes a release's code and configuration into one archive in a private directory of this machine.
 * Where hosts fetch the code themselves, it holds the configuration and where the code comes from.
 */
export async function packRelease(payload: Payload, spec: HostSpec, colour: Colour): Promise<ReleaseArchive> {
  const work = await mkdtemp(join(tmpdir(), "lotse-release-"));
  try {
    const { codeDirectory, configFile, variables } = await payload.materialise(join(work, "release"));
    const file = join(work, "release.tar.gz");
    const content = createHash("sha256");
    const digest = createHash("sha256");
    await pipeline(
      Readable.from(membersOf(spec, codeDirectory, configFile)),
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
      variables,
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

async function* membersOf(spec: HostSpec, code: string, config: string): AsyncGenerator<Buffer> {
  const { artefact } = spec;
  if (artefact.from === "release") {
    for await (const entry of entriesBelow(code, "code")) yield tarMember(entry);
  } else {
    const wanted = artefact.from === "git" ? artefact.commit : artefact.sha256;
    yield tarMember({ path: "source", mode: 0o600, content: Buffer.from(`${artefact.url}\n${wanted}\n`) });
  }
  yield tarMember({ path: "config.json", mode: 0o644, content: await readFile(config) });
  yield tarEnd();
}
