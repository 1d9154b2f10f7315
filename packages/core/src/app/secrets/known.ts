import { join } from "node:path";
import { readPrivateFile, writePrivateFile, type Sensitive } from "../../kernel/index.ts";
import {
  indexKnownValues,
  knownIndexSchema,
  searchKnownValues,
  type KnownIndex,
  type KnownScan,
  type KnownValue,
} from "../../secrets/scan/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";
import { formatSecretName, textOfLeaf } from "../../secrets/store/index.ts";

const maxIndexBytes = 256 * 1024 * 1024;

/**
 * Adds the values that this call has opened or written to the index of known values, so that the scanner finds
 * them anywhere. The index holds keyed hashes only, and can be made anew at any time, so a disk that is full
 * does not spoil a call that has done its work.
 */
export async function rememberKnown(session: Session): Promise<void> {
  const values = session.revealed.named();
  if (values.length > 0) await addToIndex(session, values).catch(() => undefined);
}

/**
 * Opens every secret file that a key at hand opens and indexes its values.
 *
 * @returns how many values are known now
 */
export async function indexAll(session: Session): Promise<number> {
  const values: KnownValue[] = [];
  for (const layer of allSecretLayers(session)) {
    const { main, incoming } = await session.secrets.layer(layer);
    for (const file of [...(main === null ? [] : [main]), ...incoming]) {
      await session.recorder.read({ action: "secret.index", object: file.file });
      const document = await session.secrets.document(file).catch(() => null);
      for (const leaf of document?.leaves ?? []) {
        if (!leaf.encrypted || leaf.type === "bytes") continue;
        const name = formatSecretName(leaf.path.map(String));
        values.push({ name, value: textOfLeaf(leaf, name) });
      }
    }
  }
  return (await addToIndex(session, values)).entries.length;
}

/** The search for known values; null where nothing is known yet. */
export async function knownScan(session: Session): Promise<KnownScan | null> {
  const index = await readIndex(session);
  return index === null ? null : searchKnownValues((await session.fingerprints()).key, index);
}

async function addToIndex(session: Session, values: readonly KnownValue[]): Promise<KnownIndex> {
  const key: Sensitive<Uint8Array> = (await session.fingerprints()).key;
  const added = indexKnownValues(key, values);
  const before = await readIndex(session);
  const known = new Map(before?.entries.map((entry) => [entry.mac, entry]));
  const fresh = added.entries.filter(({ mac }) => !known.has(mac));
  const index: KnownIndex = { ...added, entries: [...known.values(), ...fresh] };
  if (before !== null && fresh.length === 0) return before;
  await writePrivateFile(pathOf(session), JSON.stringify(index), { sync: false });
  return index;
}

async function readIndex(session: Session): Promise<KnownIndex | null> {
  await session.secrets.trusted();
  const content = await readPrivateFile(pathOf(session), maxIndexBytes);
  if (content === null) return null;
  try {
    return knownIndexSchema.parse(JSON.parse(content.toString("utf8")));
  } catch {
    // It can be made anew at any time, so a damaged one only counts as empty.
    return null;
  }
}

function pathOf({ state }: Session): string {
  return join(state, "secrets", "known.json");
}
