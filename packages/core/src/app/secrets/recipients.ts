import { LotseError } from "../../kernel/index.ts";
import { isSameRecipient, recipientsOf, type RecipientSet } from "../../secrets/sops/index.ts";
import type { LoadedFile, Rekeyed, RekeyTask, SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { rekeyTogether } from "./change.ts";
import { allSecretLayers } from "./layers.ts";
import { RotationRecord, type RotationItem } from "./rotation.ts";
import { creationRulesOf } from "./rules.ts";

/** What changing recipients did. */
export interface RecipientChange {
  readonly files: readonly Rekeyed[];
  /**
   * What to make anew, what was read first, with what an interrupted call has left. Empty where nobody was shut
   * out.
   */
  readonly rotation: readonly RotationItem[];
  /** To be called once the plan was shown; until then every call gives it again. */
  readonly close: () => Promise<void>;
}

/** The secret files that exist, of those that are meant. @param files - all where none is named */
export async function existingLayers(
  session: Session,
  files: readonly string[],
): Promise<readonly SecretLayer[]> {
  const wanted = new Set(files);
  return allSecretLayers(session).filter(
    ({ file }) => (wanted.size === 0 || wanted.has(file)) && session.engine.files.stamp(file) !== undefined,
  );
}

/**
 * Lets somebody open secret files, by wrapping their data key once more.
 *
 * @throws LotseError `secret.recipient`, `secret.no-key`, …
 */
export async function addRecipient(
  session: Session,
  layers: readonly SecretLayer[],
  recipient: string,
  onFile: (file: string) => void = () => undefined,
): Promise<RecipientChange> {
  const files = await rekeyInBatches(session, layers, false, onFile, ({ parsed }) =>
    mapGroups(recipientsOf(parsed.metadata), (group, index) =>
      index > 0 || group.some((known) => isSameRecipient(known, recipient)) ? group : [...group, recipient],
    ),
  );
  return { files, rotation: [], close: () => Promise.resolve() };
}

/**
 * Shuts somebody out of secret files: a new data key, every value encrypted anew, and a plan of what to make
 * anew because they have read it, or could have.
 *
 * @param who - the actor whose reads the audit log is asked for. @defaultValue anybody but the present actor
 * @throws LotseError `secret.no-key`, …; `secret.recipient` when they are the last one
 */
export async function removeRecipient(
  session: Session,
  layers: readonly SecretLayer[],
  recipient: string,
  who: string | undefined,
  onFile: (file: string) => void = () => undefined,
): Promise<RecipientChange> {
  const record = await RotationRecord.open(session, recipient, who);
  const files = await rekeyInBatches(
    session,
    layers,
    true,
    onFile,
    ({ parsed, file }) => {
      const before = recipientsOf(parsed.metadata);
      if (!isAmong(before, recipient)) return null;
      const after = mapGroups(before, (group) => group.filter((known) => !isSameRecipient(known, recipient)));
      refuseEmpty(after, file);
      return after;
    },
    (batch) => record.add(batch),
  );
  const byFile = new Map(allSecretLayers(session).map((layer) => [layer.file, layer]));
  const rotation = await record.plan(async (file) => {
    const layer = byFile.get(file);
    const { main } = layer === undefined ? { main: null } : await session.secrets.layer(layer);
    return main === null || !isAmong(recipientsOf(main.parsed.metadata), recipient);
  });
  return { files, rotation, close: () => record.close() };
}

/**
 * Brings secret files in step with `.sops.yaml`, with a new data key each.
 *
 * @throws LotseError `secret.rules`, `secret.no-key`, …
 */
export async function rekeyFiles(
  session: Session,
  layers: readonly SecretLayer[],
  newDataKey: boolean,
  onFile: (file: string) => void = () => undefined,
): Promise<readonly Rekeyed[]> {
  if (layers.length === 0) return [];
  const ruleFor = await creationRulesOf(
    session,
    layers.map(({ file }) => file),
  );
  return await rekeyInBatches(session, layers, newDataKey, onFile, ({ file }) => ruleFor(file).recipients);
}

const maxBatchFiles = 64;
const maxBatchBytes = 16 * 1024 * 1024;

/**
 * Gives files other keys, so many at once that waiting for the disk costs little and memory stays bounded. Each
 * batch is changed as a whole or not at all.
 *
 * @param recipientsFor - null leaves a file as it is
 * @param onBatch - called before the files of a batch are changed
 */
async function rekeyInBatches(
  session: Session,
  layers: readonly SecretLayer[],
  newDataKey: boolean,
  onFile: (file: string) => void,
  recipientsFor: (file: LoadedFile) => RecipientSet | null,
  onBatch: (batch: readonly SecretLayer[]) => Promise<void> = () => Promise.resolve(),
): Promise<readonly Rekeyed[]> {
  const files: Rekeyed[] = [];
  let batch: RekeyTask[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const tasks = batch;
    batch = [];
    bytes = 0;
    await onBatch(tasks.map(({ layer }) => layer));
    files.push(...(await rekeyTogether(session, tasks, newDataKey)));
    for (const { layer } of tasks) onFile(layer.file);
  };
  for (const layer of layers) {
    const { main } = await session.secrets.layer(layer);
    const recipients = main === null ? null : recipientsFor(main);
    if (main === null || recipients === null) continue;
    batch.push({ layer, recipients });
    bytes += main.bytes.length;
    if (batch.length >= maxBatchFiles || bytes >= maxBatchBytes) await flush();
  }
  if (batch.length > 0) await flush();
  return files;
}

function isAmong(set: RecipientSet, recipient: string): boolean {
  const all = "recipients" in set ? set.recipients : set.groups.flat();
  return all.some((known) => isSameRecipient(known, recipient));
}

function mapGroups(
  set: RecipientSet,
  change: (group: readonly string[], index: number) => readonly string[],
): RecipientSet {
  if ("recipients" in set) return { recipients: change(set.recipients, 0) };
  return { ...set, groups: set.groups.map(change) };
}

function refuseEmpty(set: RecipientSet, file: string): void {
  const groups = "recipients" in set ? [set.recipients] : set.groups;
  if (groups.every((group) => group.length > 0)) return;
  throw new LotseError({
    code: "secret.recipient",
    message: `nobody could open ${file} any more`,
    hint: "add another recipient first",
    where: { file },
  });
}
