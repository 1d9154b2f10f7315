import { isSameRecipient, recipientsOf, type RecipientSet } from "../../secrets/sops/index.ts";
import { LotseError } from "../../kernel/index.ts";
import type { Rekeyed, SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { rekeyFile } from "./change.ts";
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
  const files: Rekeyed[] = [];
  for (const layer of layers) {
    const { main } = await session.secrets.layer(layer);
    if (main === null) continue;
    const set = mapGroups(recipientsOf(main.parsed.metadata), (group, index) =>
      index > 0 || group.some((known) => isSameRecipient(known, recipient)) ? group : [...group, recipient],
    );
    const rekeyed = await rekeyFile(session, layer, set, false);
    if (rekeyed !== null) files.push(rekeyed);
    onFile(layer.file);
  }
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
  const files: Rekeyed[] = [];
  const touched: SecretLayer[] = [];
  for (const layer of layers) {
    const { main } = await session.secrets.layer(layer);
    if (main === null) continue;
    const before = recipientsOf(main.parsed.metadata);
    const after = mapGroups(before, (group) => group.filter((known) => !isSameRecipient(known, recipient)));
    if (JSON.stringify(before) === JSON.stringify(after)) continue;
    refuseEmpty(after, layer.file);
    const rekeyed = await rekeyFile(session, layer, after, true);
    if (rekeyed !== null) files.push(rekeyed);
    touched.push(layer);
    onFile(layer.file);
  }
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
  const files: Rekeyed[] = [];
  for (const layer of layers) {
    const rekeyed = await rekeyFile(
      session,
      layer,
      creationRuleOf(session, layer.file).recipients,
      newDataKey,
    );
    if (rekeyed !== null) files.push(rekeyed);
    onFile(layer.file);
  }
  return files;
}

/** What somebody read of these files, by the audit log; then what they could have read. */
async function rotationPlan(
  session: Session,
  layers: readonly SecretLayer[],
  who: string | undefined,
): Promise<readonly RotationItem[]> {
  const items = new Map<string, RotationItem>();
  for (const layer of layers) {
    for (const secret of await session.secrets.list([layer])) {
      if (!secret.encrypted) continue;
      const { environment, tenant } = layer;
      items.set(keyOf(secret.name, layer), {
        name: secret.name,
        environment,
        tenant,
        readAt: null,
        version: String(secret.version),
      });
    }
  }
  const log = await session.log.open();
  for await (const entry of log.list({
    action: "secret.read",
    ...(who === undefined ? {} : { actor: who }),
  })) {
    if (entry.outcome !== "success" || (who === undefined && entry.actor.id === session.actor.id)) continue;
    const file = entry.details["file"];
    const layer = layers.find((known) => known.file === file);
    const item = layer === undefined ? undefined : items.get(keyOf(entry.object ?? "", layer));
    if (layer === undefined || item === undefined || item.readAt !== null) continue;
    items.set(keyOf(item.name, layer), { ...item, readAt: entry.time, version: entry.version });
  }
  return [...items.values()].sort((left, right) => (right.readAt ?? "").localeCompare(left.readAt ?? ""));
}

function keyOf(name: string, layer: SecretLayer): string {
  return `${layer.file}\n${name}`;
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
