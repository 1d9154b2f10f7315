import { isLotseError, type Diagnostic, diagnosticOf } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest, type Manifest } from "../manifest/index.ts";
import { formatOfFile, openSops } from "../sops/index.ts";
import type { SecretLayer } from "./layer.ts";
import type { LoadedFile } from "./loaded.ts";
import type { SecretStore } from "./secret-store.ts";

/**
 * Signs a layer's file as it is now, after somebody looked at it: one that another program wrote, or that was
 * merged. Where a key at hand opens it, its MAC must be right.
 *
 * @returns the version of the file; null where there is none
 * @throws LotseError `secret.mac`, `secret.value`, `secret.format`
 */
export async function signLayer(store: SecretStore, layer: SecretLayer): Promise<number | null> {
  const { file } = layer;
  const format = formatOfFile(file);
  return await store.journal.exclusively(`the manifest of ${file}`, async () => {
    // Not before: another process may just be changing it, or have died doing so.
    const bytes = store.options.files.read(file);
    if (bytes === undefined) return null;
    await openSops({ bytes, format, file, identities: await store.identities() }).catch((error: unknown) => {
      if (!isLotseError(error) || error.code !== "secret.no-key") throw error;
    });
    const seen = await store.reading.seen.of(file);
    const before = presentManifest(store, file);
    return await store.commit({
      layer,
      file,
      incoming: null,
      format,
      bytes,
      before,
      above: seen?.version ?? 0,
    });
  });
}

function presentManifest(store: SecretStore, file: string): Manifest | null {
  const written = store.options.files.read(manifestPathOf(file));
  if (written === undefined) return null;
  try {
    return parseManifest(written, manifestPathOf(file));
  } catch (error) {
    if (isLotseError(error)) return null;
    throw error;
  }
}

/** What was found of one file. */
export interface Verified {
  readonly file: string;
  readonly version: number | null;
  /** Whether a key at hand opened it, so that its MAC and values were checked too. */
  readonly opened: boolean;
  readonly problem: Diagnostic | null;
}

/** Checks a layer: manifest, place, version and, where a key at hand opens it, every value. */
export async function verifyLayer(store: SecretStore, layer: SecretLayer): Promise<readonly Verified[]> {
  try {
    const { main, incoming } = await store.layer(layer);
    const files = [...(main === null ? [] : [main]), ...incoming];
    return await Promise.all(files.map((file) => verifyFile(store, file)));
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return [{ file: layer.file, version: null, opened: false, problem: diagnosticOf(error) }];
  }
}

async function verifyFile(store: SecretStore, file: LoadedFile): Promise<Verified> {
  const { version } = file.manifest;
  try {
    await store.document(file);
    return { file: file.file, version, opened: true, problem: null };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    const problem = error.code === "secret.no-key" ? null : diagnosticOf(error);
    return { file: file.file, version, opened: false, problem };
  }
}
