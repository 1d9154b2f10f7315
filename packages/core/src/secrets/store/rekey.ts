import type { Manifest } from "../manifest/index.ts";
import { changeSops, openSops, rotateDataKey, updateKeys, type RecipientSet } from "../sops/index.ts";
import { sealTools, takeIn } from "./change.ts";
import type { Replacement } from "./journal.ts";
import type { SecretLayer } from "./layer.ts";
import type { LoadedFile } from "./loaded.ts";
import type { NewContent, SecretStore } from "./secret-store.ts";

/** A file that is to get other keys. */
export interface RekeyTask {
  readonly layer: SecretLayer;
  /** Undefined keeps those it has. */
  readonly recipients: RecipientSet | undefined;
}

/** What giving a file other keys did. */
export interface Rekeyed {
  readonly file: string;
  readonly version: number;
  readonly recipients: readonly string[];
  /** Whether every value was encrypted anew with a new data key. */
  readonly newDataKey: boolean;
}

/** A file with its new keys, not yet in place. */
interface Prepared {
  readonly content: NewContent;
  /** What stood beside it and is in it now. */
  readonly removals: readonly Replacement[];
}

/**
 * Gives the files of several layers other recipients, or their present ones a new data key, as one: all of them
 * or none. What was written beside a file is taken in first. A layer that has no file is left out.
 *
 * @param newDataKey - needed to shut somebody out, who may have kept the data key
 * @throws LotseError `secret.no-key`, `secret.recipient`, and what reading throws
 */
export async function rekeyLayers(
  store: SecretStore,
  tasks: readonly RekeyTask[],
  newDataKey: boolean,
): Promise<readonly Rekeyed[]> {
  const [first] = tasks;
  if (first === undefined) return [];
  const others = tasks.length === 1 ? "" : ` and ${tasks.length - 1} more`;
  return await store.journal.exclusively(`new keys of ${first.layer.file}${others}`, async () => {
    const prepared: Prepared[] = [];
    for (const task of tasks) {
      const next = await prepare(store, task, newDataKey);
      if (next !== null) prepared.push(next);
    }
    const manifests = await store.commitAll(
      prepared.map(({ content }) => content),
      prepared.flatMap(({ removals }) => removals),
    );
    return manifests.map(({ file, version, recipients }) => ({ file, version, recipients, newDataKey }));
  });
}

async function prepare(
  store: SecretStore,
  { layer, recipients }: RekeyTask,
  newDataKey: boolean,
): Promise<Prepared | null> {
  const { main, incoming } = await store.layer(layer);
  if (main === null) return null;
  const { bytes: current, records } = await foldIn(store, main, incoming);
  const { format, file } = main;
  const document = await openSops({ bytes: current, format, file, identities: await store.identities() });
  const request = recipients === undefined ? {} : { recipients };
  const rekey = newDataKey ? rotateDataKey : updateKeys;
  const bytes = await rekey(document, request, sealTools(store));
  // New ciphertext of the same values is no new version of them.
  const taken = { ...(newDataKey ? main.manifest.values : {}), ...records };
  return {
    content: { layer, file, incoming: null, format, bytes, before: main.manifest, taken },
    removals: incoming.flatMap((beside) => store.removalOf(beside.file)),
  };
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
