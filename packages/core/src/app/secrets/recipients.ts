import type { EntryView } from "../../audit/index.ts";
import { LotseError } from "../../kernel/index.ts";
import { formatOfFile, isSameRecipient, recipientsOf, type RecipientSet } from "../../secrets/sops/index.ts";
import {
  nameInFile,
  parseSecretName,
  type LoadedFile,
  type Rekeyed,
  type RekeyTask,
  type SecretLayer,
} from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { rekeyTogether } from "./change.ts";
import { allSecretLayers } from "./layers.ts";
import { creationRuleOf } from "./rules.ts";

/** A value that somebody who was shut out has read, and that should be made anew. */
export interface RotationItem {
  readonly name: string;
  readonly environment: string | null;
  readonly tenant: string | null;
  /** When they read it last, ISO 8601 in UTC; null where they could only have read it. */
  readonly readAt: string | null;
  readonly version: string | null;
}

/** What changing recipients did. */
export interface RecipientChange {
  readonly files: readonly Rekeyed[];
  /** What to make anew, what was read first. Empty where nobody was shut out. */
  readonly rotation: readonly RotationItem[];
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
  return { files, rotation: [] };
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
  const touched: SecretLayer[] = [];
  const files = await rekeyInBatches(session, layers, true, onFile, ({ parsed, layer, file }) => {
    const before = recipientsOf(parsed.metadata);
    const after = mapGroups(before, (group) => group.filter((known) => !isSameRecipient(known, recipient)));
    if (JSON.stringify(before) === JSON.stringify(after)) return null;
    refuseEmpty(after, file);
    touched.push(layer);
    return after;
  });
  return { files, rotation: await rotationPlan(session, touched, who) };
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
  return await rekeyInBatches(
    session,
    layers,
    newDataKey,
    onFile,
    ({ file }) => creationRuleOf(session, file).recipients,
  );
}

const maxBatchFiles = 64;
const maxBatchBytes = 16 * 1024 * 1024;

/**
 * Gives files other keys, so many at once that waiting for the disk costs little and memory stays bounded. Each
 * batch is changed as a whole or not at all.
 *
 * @param recipientsFor - null leaves a file as it is
 */
async function rekeyInBatches(
  session: Session,
  layers: readonly SecretLayer[],
  newDataKey: boolean,
  onFile: (file: string) => void,
  recipientsFor: (file: LoadedFile) => RecipientSet | null,
): Promise<readonly Rekeyed[]> {
  const files: Rekeyed[] = [];
  let batch: RekeyTask[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const tasks = batch;
    batch = [];
    bytes = 0;
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

/** What somebody read of these files, by the audit log; then what they could have read. */
async function rotationPlan(
  session: Session,
  layers: readonly SecretLayer[],
  who: string | undefined,
): Promise<readonly RotationItem[]> {
  const byFile = new Map<string, Map<string, RotationItem>>();
  for (const layer of layers) byFile.set(layer.file, await itemsOf(session, layer));
  for await (const entry of readsOf(session, who)) {
    const single = entry.action === "secret.read";
    const file = single ? entry.details["file"] : entry.object;
    const items = byFile.get(String(file));
    if (items === undefined) continue;
    const name = single ? nameInFile(parseSecretName(entry.object ?? ""), formatOfFile(String(file))) : null;
    for (const key of name === null ? items.keys() : [name]) {
      const item = items.get(key);
      if (item === undefined || item.readAt !== null) continue;
      items.set(key, { ...item, readAt: entry.time, ...(name === null ? {} : { version: entry.version }) });
    }
  }
  const all = [...byFile.values()].flatMap((items) => [...items.values()]);
  return all.sort((left, right) => (right.readAt ?? "").localeCompare(left.readAt ?? ""));
}

/** The encrypted values of a layer by name, as if nobody had read them. */
async function itemsOf(session: Session, layer: SecretLayer): Promise<Map<string, RotationItem>> {
  const { environment, tenant } = layer;
  const listed = (await session.secrets.list([layer])).filter(({ encrypted }) => encrypted);
  return new Map(
    listed.map(({ name, version }) => [
      name,
      { name, environment, tenant, readAt: null, version: String(version) },
    ]),
  );
}

/** What somebody was shown, the newest first. */
async function* readsOf(session: Session, who: string | undefined): AsyncIterable<EntryView> {
  const log = await session.log.open();
  const filter = { action: "secret", ...(who === undefined ? {} : { actor: who }) };
  for await (const entry of log.list(filter)) {
    if (who === undefined && entry.actor.id === session.actor.id) continue;
    if (showedValues(entry)) yield entry;
  }
}

const openings: ReadonlySet<string | null> = new Set(["secret.read", "secret.edit", "secret.decrypt"]);

/** Opening a whole file shows every value in it, and an edit that was refused has shown them before. */
function showedValues({ action, outcome, details }: EntryView): boolean {
  if (action === "secret.edit" && outcome === "failure") return details["code"] !== "secret.no-key";
  return outcome === "success" && openings.has(action);
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
