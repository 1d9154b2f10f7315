import { LotseError, Sensitive } from "../kernel/index.ts";
import type { ObjectStore } from "./objects.ts";
import type { TenantPart } from "./release.ts";
import { readRenderedFiles, type FileEntry } from "./rendered-files.ts";

/** A rendered file with its secrets put in, and the texts that must be taken out of what is told. */
export interface Filled {
  readonly bytes: Uint8Array;
  /** The secrets, as they are and as they stand in the file. */
  readonly secrets: readonly string[];
}

/** Puts secrets into a rendered file, the last moment before it is handed over. */
export type FillFile = (file: FileEntry, bytes: Uint8Array) => Promise<Sensitive<Filled>>;

/** All rendered files of a tenant. */
export interface FilledFiles {
  /** The path is below the directory of rendered files, with `/`. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** Of all files, each once. */
  readonly secrets: readonly string[];
}

/**
 * Reads what was rendered for a tenant, and puts the secrets in, in memory: a crash leaves none of them on the disk of
 * the machine that deploys.
 *
 * @throws LotseError `secret.not-found` when a file wants secrets and nothing opens them; `release.corrupt`; what
 * `fill` throws
 */
export async function fillFiles(
  objects: ObjectStore,
  { rendered }: TenantPart,
  fill: FillFile | undefined,
): Promise<Sensitive<FilledFiles>> {
  const files: { path: string; bytes: Uint8Array }[] = [];
  const secrets = new Set<string>();
  for (const entry of rendered === undefined ? [] : await readRenderedFiles(objects, rendered)) {
    const bytes = await objects.get(entry.digest);
    if (!entry.secret) {
      files.push({ path: entry.path, bytes });
      continue;
    }
    if (fill === undefined) throw nothingOpens(entry.path);
    const filled = (await fill(entry, bytes)).reveal();
    files.push({ path: entry.path, bytes: filled.bytes });
    for (const secret of filled.secrets) secrets.add(secret);
  }
  return new Sensitive({ files, secrets: [...secrets] });
}

function nothingOpens(path: string): LotseError {
  return new LotseError({
    code: "secret.not-found",
    message: `the rendered file ${path} holds secrets, and there is nothing here that opens them`,
    hint: "add the tenant's secrets with `lotse secrets set`, and make a new release",
  });
}
