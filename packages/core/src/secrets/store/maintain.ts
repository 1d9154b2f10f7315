import { isLotseError, type Diagnostic, diagnosticOf } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest, type Manifest, type Seen } from "../manifest/index.ts";
import { formatOfFile, openSops } from "../sops/index.ts";
import type { SecretLayer } from "./layer.ts";
import type { LoadedFile } from "./loaded.ts";
import { checkOrigin } from "./read.ts";
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
    const present = presentManifest(store, file);
    const isGood = present !== null && isGenuine(store, layer, present, seen);
    return await store.commit({
      layer,
      file,
      incoming: null,
      format,
      bytes,
      before: isGood ? present : null,
      // Versions may only rise, whoever says them: else a value that was replaced could come back beside the file.
      floors: present === null ? {} : versionsIn(present),
      above: seen?.version ?? believable(present?.version ?? 0),
    });
  });
}

/** Whether a manifest was signed for this layer by a key that counts; who changed a value is only believed then. */
function isGenuine(
  store: SecretStore,
  layer: SecretLayer,
  manifest: Manifest,
  seen: Seen | undefined,
): boolean {
  try {
    checkOrigin(store.reading, layer, manifest, seen);
    return true;
  } catch (error) {
    if (isLotseError(error)) return false;
    throw error;
  }
}

function versionsIn({ values, removed }: Manifest): Readonly<Record<string, number>> {
  const present = Object.entries(values).map(([name, { version }]) => [name, version] as const);
  const all = [...Object.entries(removed), ...present];
  return Object.fromEntries(all.filter(([, version]) => believable(version) === version));
}

const maxBelievable = 1_000_000_000;

/** A version that nobody vouches for and that no file reaches: the next one would be none. */
function believable(version: number): number {
  return version <= maxBelievable ? version : 0;
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
