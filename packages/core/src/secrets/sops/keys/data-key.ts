import { isLotseError, type LotseError } from "../../../kernel/index.ts";
import type { KeyEntry, KeyGroup } from "../metadata.ts";
import type { SopsMetadata } from "../model.ts";
import type { SourceText } from "../source-text.ts";
import { DataKey } from "./data-key-value.ts";
import type { KeyOpener } from "./port.ts";
import { combineShares } from "./shamir.ts";

/** The length of a data key, in bytes. */
export const dataKeyBytes = 32;

/**
 * Unwraps the data key of a file with the first key that fits; with key groups, puts the shares together.
 *
 * @throws LotseError `secret.no-key` where no opener, or not enough of them, fits
 */
export async function unwrapDataKey(
  metadata: SopsMetadata,
  openers: readonly KeyOpener[],
  source: SourceText,
): Promise<DataKey> {
  const failures: LotseError[] = [];
  const parts: Uint8Array[] = [];
  for (const group of metadata.groups) {
    const part = await openGroup(group, openers, failures);
    if (part !== undefined) parts.push(part);
  }
  const needed = neededParts(metadata);
  if (parts.length < needed) throw noKey(metadata, openers, source, failures, parts.length);
  const isSplit = metadata.grouped && metadata.groups.length > 1;
  const key = isSplit ? combineShares(parts) : parts[0];
  if (key === undefined || key.length !== dataKeyBytes) {
    throw source.fail("secret.format", "the wrapped data key is not a key of 32 bytes", {
      hint: "take the version before from git",
    });
  }
  return new DataKey(key);
}

/** How many key groups it takes to open a file. */
function neededParts(metadata: SopsMetadata): number {
  return metadata.shamirThreshold > 0 ? metadata.shamirThreshold : metadata.groups.length;
}

async function openGroup(
  group: KeyGroup,
  openers: readonly KeyOpener[],
  failures: LotseError[],
): Promise<Uint8Array | undefined> {
  for (const entry of group.entries) {
    for (const opener of openers) {
      const part = await tryOpen(entry, opener, failures);
      if (part !== null) return part;
    }
  }
  return undefined;
}

async function tryOpen(
  entry: KeyEntry,
  opener: KeyOpener,
  failures: LotseError[],
): Promise<Uint8Array | null> {
  try {
    return await opener.open(entry);
  } catch (error) {
    if (!isLotseError(error)) throw error;
    failures.push(error);
    return null;
  }
}

function noKey(
  metadata: SopsMetadata,
  openers: readonly KeyOpener[],
  source: SourceText,
  failures: readonly LotseError[],
  opened: number,
): LotseError {
  const recipients = metadata.groups.flatMap((group) =>
    group.entries.map((entry) => `${entry.kind} ${entry.id}`),
  );
  const shown =
    recipients.slice(0, 5).join(", ") + (recipients.length > 5 ? ` and ${recipients.length - 5} more` : "");
  const needed = neededParts(metadata);
  const [failure] = failures;
  const what =
    metadata.groups.length > 1
      ? `${opened} of ${metadata.groups.length} key groups open, and it takes ${needed}`
      : openers.length === 0
        ? "there is no private key to open the file with"
        : `none of ${openers.length} private keys opens the file`;
  return source.fail("secret.no-key", failure === undefined ? what : `${what}; ${failure.message}`, {
    hint:
      failure?.hint ??
      `the file is encrypted for ${shown}; set SOPS_AGE_KEY_FILE to the file with the private key`,
    cause: failure,
  });
}
