import { changeSops, type SopsChange } from "./change.ts";
import { isSameRecipient } from "./keys/age.ts";
import type { KeyOpener, KeyWrapper } from "./keys/port.ts";
import { recipientsOf, type RecipientSet } from "./keys/recipients.ts";
import type { SopsLimits } from "./limits.ts";
import { entriesOf } from "./metadata.ts";
import type { SopsDocument, SopsFormat } from "./model.ts";
import { openSops } from "./open.ts";
import { valueOf } from "./plain.ts";
import { updateKeys } from "./rekey.ts";
import { rulesInUse } from "./rules.ts";
import type { SealTools } from "./seal.ts";
import { formatSopsPath } from "./source-text.ts";
import { sameUnit, unitsOf, type Unit } from "./units.ts";

/** Three versions of a file. */
export interface MergeRequest {
  /** What both come from; absent where both sides added the file. */
  readonly base?: Uint8Array | undefined;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
  readonly format: SopsFormat;
  readonly file: string;
  readonly identities: readonly KeyOpener[];
  /** @defaultValue age and SSH recipients */
  readonly wrappers?: readonly KeyWrapper[];
  readonly limits?: SopsLimits;
}

/** What came of a merge. */
export interface MergeResult {
  /** The merged file; with conflicts, what could be merged, with our side of each conflict. */
  readonly bytes: Buffer;
  /** Paths that both sides changed, and differently; never what stands there. */
  readonly conflicts: readonly string[];
  /** Recipients that one side removed. */
  readonly removedRecipients: readonly string[];
  /** Whether somebody was removed who still knows the data key of the merged file. */
  readonly needsRotation: boolean;
}

/**
 * Merges by value: what one side changed is taken, what both changed alike is no conflict, and the MAC is made
 * anew. Recipients are merged as a set. Values that are not taken from theirs keep the bytes of ours.
 *
 * A list is one value. Where both sides encrypt with the same data key, so does the result; otherwise it has
 * ours. Comments and layout are ours.
 *
 * @throws LotseError as {@link openSops} does for each of the three
 */
export async function mergeSops(request: MergeRequest, tools: SealTools): Promise<MergeResult> {
  const open = (bytes: Uint8Array, side: string): Promise<SopsDocument> =>
    openSops({ ...request, bytes, file: `${request.file} (${side})` });
  const base = request.base === undefined ? undefined : await open(request.base, "base");
  const ours = await open(request.ours, "ours");
  const theirs = await open(request.theirs, "theirs");
  const { changes, conflicts } = planChanges(base, ours, theirs);
  const changed = changeSops({ ...ours, file: request.file }, changes, tools);
  const recipients = mergeRecipients(base, ours, theirs);
  const structural = sameRules(ours, theirs) ? [] : ["sops"];
  if (recipients.conflict) structural.push("sops.key_groups");
  const merged =
    recipients.set === undefined ? changed : await rewrap(request, changed, recipients.set, theirs, tools);
  return {
    bytes: merged,
    conflicts: [...conflicts, ...structural],
    removedRecipients: recipients.removed,
    needsRotation: recipients.removed.length > 0 && base !== undefined && sameKey(ours, base),
  };
}

function planChanges(
  base: SopsDocument | undefined,
  ours: SopsDocument,
  theirs: SopsDocument,
): { changes: SopsChange[]; conflicts: string[] } {
  const baseUnits = base === undefined ? new Map<string, Unit>() : unitsOf(base);
  const ourUnits = unitsOf(ours);
  const theirUnits = unitsOf(theirs);
  const changes: SopsChange[] = [];
  const conflicts: string[] = [];
  for (const id of new Set([...theirUnits.keys(), ...baseUnits.keys()])) {
    const [before, our, their] = [baseUnits.get(id), ourUnits.get(id), theirUnits.get(id)];
    if (sameUnit(before, their) || sameUnit(our, their)) continue;
    const named = their ?? before;
    if (named === undefined) continue;
    if (!sameUnit(before, our) || blocked(named, ourUnits)) conflicts.push(formatSopsPath(named.path));
    else changes.push(...changesTo(our, their, named));
  }
  return { changes, conflicts };
}

/** Whether a value stands in our version where theirs has a map, or the other way round. */
function blocked(unit: Unit, ours: ReadonlyMap<string, Unit>): boolean {
  return [...ours.values()].some((other) => {
    if (other.document !== unit.document || other.path.length === unit.path.length) return false;
    const length = Math.min(other.path.length, unit.path.length);
    return other.path.slice(0, length).every((key, at) => key === unit.path[at]);
  });
}

/** The changes that make a unit of ours into theirs. */
function changesTo(our: Unit | undefined, their: Unit | undefined, named: Unit): SopsChange[] {
  const { document, path } = named;
  const isSingle = (unit: Unit | undefined): boolean =>
    unit?.leaves.length === 1 && unit.leaves[0]?.path.length === 0;
  const removal: SopsChange = { document, path, delete: true };
  if (their === undefined) return [removal];
  const additions = their.leaves.map((leaf): SopsChange => {
    const { type } = leaf.plain;
    const value = { type: type === "comment" ? ("str" as const) : type, value: valueOf(leaf.plain) };
    return { document, path: [...path, ...leaf.path], value };
  });
  if (our === undefined || (isSingle(our) && isSingle(their))) return additions;
  return [removal, ...additions];
}

function sameRules(left: SopsDocument, right: SopsDocument): boolean {
  const text = ({ metadata: { rules } }: SopsDocument): string =>
    JSON.stringify([rulesInUse(rules).map((name) => [name, rules[name]]), rules.macOnlyEncrypted === true]);
  return text(left) === text(right);
}

function sameKey(left: SopsDocument, right: SopsDocument): boolean {
  return Buffer.from(left.dataKey.reveal()).equals(right.dataKey.reveal());
}

/** The set of both sides: what one added is in, what one removed is out. `set` is missing where ours is right. */
function mergeRecipients(
  base: SopsDocument | undefined,
  ours: SopsDocument,
  theirs: SopsDocument,
): { set: RecipientSet | undefined; removed: readonly string[]; conflict: boolean } {
  const ids = (document: SopsDocument | undefined): readonly string[] =>
    document === undefined ? [] : entriesOf(document.metadata).map((entry) => entry.id);
  const has = (list: readonly string[], id: string): boolean =>
    list.some((other) => isSameRecipient(other, id));
  const [before, our, their] = [ids(base), ids(ours), ids(theirs)];
  const removed = before.filter((id) => !has(our, id) || !has(their, id));
  if (ours.metadata.grouped || theirs.metadata.grouped) {
    const text = (document: SopsDocument): string => JSON.stringify(recipientsOf(document.metadata));
    const isSame = text(ours) === text(theirs) || (base !== undefined && text(base) === text(theirs));
    return { set: undefined, removed, conflict: !isSame };
  }
  const merged = [...our, ...their.filter((id) => !has(our, id))].filter((id) => !has(removed, id));
  const isOurs = merged.length === our.length && merged.every((id) => has(our, id));
  return { set: isOurs ? undefined : { recipients: merged }, removed, conflict: false };
}

async function rewrap(
  request: MergeRequest,
  bytes: Buffer,
  recipients: RecipientSet,
  theirs: SopsDocument,
  tools: SealTools,
): Promise<Buffer> {
  const document = await openSops({ ...request, bytes });
  // Their wrapped keys are good for the same data key, also where nothing here could wrap them.
  const known = sameKey(document, theirs) ? entriesOf(theirs.metadata) : [];
  const [group] = document.metadata.groups;
  const groups = [{ entries: [...(group?.entries ?? []), ...known] }];
  const metadata = { ...document.metadata, groups };
  return updateKeys(
    { ...document, metadata },
    { recipients, ...(request.wrappers === undefined ? {} : { wrappers: request.wrappers }) },
    tools,
  );
}
