import { isLotseError, type Diagnostic, diagnosticOf } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest, type Manifest } from "../manifest/index.ts";
import {
  changeSops,
  formatOfFile,
  openSops,
  rotateDataKey,
  updateKeys,
  type RecipientSet,
} from "../sops/index.ts";
import { parseSops } from "../sops/open.ts";
import { sealTools, takeIn } from "./change.ts";
import type { SecretLayer } from "./layer.ts";
import { recipientsOf, type LoadedFile } from "./loaded.ts";
import type { SecretStore } from "./secret-store.ts";

/** What giving a file other keys did. */
export interface Rekeyed {
  readonly file: string;
  readonly version: number;
  readonly recipients: readonly string[];
  /** Whether every value was encrypted anew with a new data key. */
  readonly newDataKey: boolean;
}

/**
 * Gives a layer's file other recipients, or its present ones a new data key. What was written beside it is
 * taken in first.
 *
 * @param recipients - undefined keeps those it has
 * @param newDataKey - needed to shut somebody out, who may have kept the data key
 * @returns null where the layer has no file
 * @throws LotseError `secret.no-key`, `secret.recipient`, and what reading throws
 */
export async function rekeyLayer(
  store: SecretStore,
  layer: SecretLayer,
  recipients: RecipientSet | undefined,
  newDataKey: boolean,
): Promise<Rekeyed | null> {
  return await store.journal.exclusively(`new keys of ${layer.file}`, async () => {
    const { main, incoming } = await store.layer(layer);
    if (main === null) return null;
    const { bytes: current, records } = await foldIn(store, main, incoming);
    const { format, file } = main;
    const document = await openSops({ bytes: current, format, file, identities: await store.identities() });
    const request = recipients === undefined ? {} : { recipients };
    const rekey = newDataKey ? rotateDataKey : updateKeys;
    const bytes = await rekey(document, request, sealTools(store));
    const version = await store.commit(
      {
        layer,
        file,
        incoming: null,
        format,
        bytes,
        // New ciphertext of the same values is no new version of them.
        before: main.manifest,
        taken: { ...(newDataKey ? main.manifest.values : {}), ...records },
      },
      incoming.flatMap((beside) => store.removalOf(beside.file)),
    );
    return { file, version, recipients: recipientsOf(parseSops({ bytes, format, file })), newDataKey };
  });
}

async function foldIn(
  store: SecretStore,
  main: LoadedFile,
  incoming: readonly LoadedFile[],
): Promise<{ readonly bytes: Uint8Array; readonly records: Manifest["values"] }> {
  if (incoming.length === 0) return { bytes: main.bytes, records: {} };
  const { changes, records } = await takeIn(store, incoming, main);
  return { bytes: changeSops(await store.document(main), changes, sealTools(store)), records };
}

/**
 * Signs a layer's file as it is now, after somebody looked at it: one that another program wrote, or that was
 * merged. Where a key at hand opens it, its MAC must be right.
 *
 * @returns the version of the file; null where there is none
 * @throws LotseError `secret.mac`, `secret.value`, `secret.format`
 */
export async function signLayer(store: SecretStore, layer: SecretLayer): Promise<number | null> {
  const { file } = layer;
  const bytes = store.options.files.read(file);
  if (bytes === undefined) return null;
  const format = formatOfFile(file);
  await openSops({ bytes, format, file, identities: await store.identities() }).catch((error: unknown) => {
    if (!isLotseError(error) || error.code !== "secret.no-key") throw error;
  });
  return await store.journal.exclusively(`the manifest of ${file}`, async () => {
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
