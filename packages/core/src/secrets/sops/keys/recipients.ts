import { LotseError } from "../../../kernel/index.ts";
import type { KeyEntry, KeyGroup } from "../metadata.ts";
import type { SopsMetadata } from "../model.ts";
import { isSameRecipient, normalRecipient } from "./age.ts";
import type { KeyWrapper } from "./port.ts";
import { splitSecret } from "./shamir.ts";

/** Whom a file is encrypted for: one list of which anyone opens it, or groups that have to come together. */
export type RecipientSet =
  | { readonly recipients: readonly string[] }
  | {
      readonly groups: readonly (readonly string[])[];
      /** How many groups it takes. @defaultValue all of them */
      readonly shamirThreshold?: number;
    };

/** The keys of a file as its metadata has them. */
export interface WrappedKeys {
  readonly groups: readonly KeyGroup[];
  readonly grouped: boolean;
  readonly shamirThreshold: number;
}

/** What wrapping needs from outside. */
export interface WrapTools {
  readonly wrappers: readonly KeyWrapper[];
  readonly randomBytes: (size: number) => Uint8Array;
}

/** The recipients of a file, in the form in which they can be given again. */
export function recipientsOf(metadata: SopsMetadata): RecipientSet {
  const groups = metadata.groups.map((group) => group.entries.map((entry) => entry.id));
  if (!metadata.grouped) return { recipients: groups[0] ?? [] };
  return { groups, ...(metadata.shamirThreshold > 0 ? { shamirThreshold: metadata.shamirThreshold } : {}) };
}

/**
 * Wraps a data key for everybody.
 *
 * @param kept - entries of the same, unsplit data key; whoever is among them keeps the entry byte for byte
 * @throws LotseError `secret.recipient` where somebody cannot be wrapped for
 */
export async function wrapDataKey(
  set: RecipientSet,
  dataKey: Uint8Array,
  tools: WrapTools,
  kept: readonly KeyEntry[] = [],
): Promise<WrappedKeys> {
  const lists = "recipients" in set ? [set.recipients] : set.groups;
  const threshold = "recipients" in set ? undefined : set.shamirThreshold;
  if (lists.length === 0 || lists.some((list) => list.length === 0)) {
    throw new LotseError({
      code: "secret.recipient",
      message: "there is nobody to encrypt for",
      hint: "name a recipient, or add a creation rule to .sops.yaml",
    });
  }
  if (lists.length === 1) {
    const entries = await wrapGroup(lists[0] ?? [], dataKey, tools, kept);
    return { groups: [{ entries }], grouped: false, shamirThreshold: 0 };
  }
  const shares = splitSecret(dataKey, lists.length, threshold ?? lists.length, tools.randomBytes);
  const groups: KeyGroup[] = [];
  for (const [index, list] of lists.entries()) {
    groups.push({ entries: await wrapGroup(list, shares[index] ?? new Uint8Array(), tools, []) });
  }
  return { groups, grouped: true, shamirThreshold: threshold ?? lists.length };
}

async function wrapGroup(
  recipients: readonly string[],
  key: Uint8Array,
  tools: WrapTools,
  kept: readonly KeyEntry[],
): Promise<readonly KeyEntry[]> {
  const entries: KeyEntry[] = [];
  const known = new Set<string>();
  for (const recipient of recipients) {
    const normal = normalRecipient(recipient);
    if (known.has(normal)) continue;
    known.add(normal);
    const before = kept.find((entry) => isSameRecipient(entry.id, normal));
    entries.push(before ?? (await wrapOne(recipient.trim(), key, tools.wrappers)));
  }
  return entries;
}

async function wrapOne(
  recipient: string,
  key: Uint8Array,
  wrappers: readonly KeyWrapper[],
): Promise<KeyEntry> {
  for (const wrapper of wrappers) {
    const entry = await wrapper.wrap(recipient, key);
    if (entry !== null) return entry;
  }
  throw new LotseError({
    code: "secret.recipient",
    message: `nothing here can encrypt for ${JSON.stringify(recipient.slice(0, 120))}`,
    hint: "recipients are age1…, ssh-ed25519 … or ssh-rsa …; keys of other kinds can be kept, not added",
  });
}
