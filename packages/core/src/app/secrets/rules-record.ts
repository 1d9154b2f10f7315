import { join } from "node:path";
import { isLotseError, LotseError, writePrivateFile } from "../../kernel/index.ts";
import {
  checkRulesRecord,
  manifestPathOf,
  maySignRules,
  parseRulesRecord,
  refuseRules,
  rulesRecordDigest,
  signRules,
  type RulesCheck,
  type RulesRecord,
} from "../../secrets/manifest/index.ts";
import { normalRecipient, type CreationRules } from "../../secrets/sops/index.ts";
import type { SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";
import { knownRecipients, refuseNewcomers, rulesFile } from "./rules-newcomers.ts";
import { signingKeyOf } from "./signing-key.ts";

export { rulesFile };
/** The signed record beside `.sops.yaml`. */
export const rulesRecordFile = manifestPathOf(rulesFile);

/**
 * Makes sure that creation rules are those that somebody who may has signed. Rules that have no record yet are
 * taken where they name nobody new: the first files of an environment, or recipients that its files have
 * already. They get a record then.
 *
 * @param files - that are to be made by these rules, relative to the workspace
 * @throws LotseError `secret.manifest`, `secret.signature`
 */
export async function trustRules(
  session: Session,
  rules: CreationRules,
  files: readonly string[],
): Promise<void> {
  const record = await checkRules(session, rules);
  if (record !== null) return;
  await refuseUnknown(session, rules, layersOf(session, files));
  if (!(await mayRecord(session, rules))) return;
  await session.recorder.change({ action: "secret.sign", object: rulesFile }, () =>
    writeRulesRecord(session, rules, null),
  );
}

/**
 * Refuses rules without a record that had one, or that name somebody new for one of these layers.
 *
 * @throws LotseError `secret.manifest`
 */
export async function refuseUnknown(
  session: Session,
  rules: CreationRules,
  layers: readonly SecretLayer[],
): Promise<void> {
  if (await wasRecorded(session)) {
    throw refuseRules("secret.manifest", rulesFile, `has lost its record ${rulesRecordFile}`);
  }
  await refuseNewcomers(session, rules, layers);
}

/** Whether a first record may be signed without asking: by a key that counts, and for nobody new in any rule. */
async function mayRecord(session: Session, rules: CreationRules): Promise<boolean> {
  const { all: known } = await knownRecipients(session);
  const isKnown = known === null || recipientsIn(rules).every((recipient) => known.has(recipient));
  return isKnown && maySign(session, (await signingKeyOf(session.variables)).publicKey);
}

/**
 * Checks creation rules against their record.
 *
 * @returns the record; null where there is none
 * @throws LotseError `secret.manifest`, `secret.signature`
 */
export async function checkRules(session: Session, rules: CreationRules): Promise<RulesRecord | null> {
  await session.secrets.trusted();
  const { signers, seen: memory } = session.secrets.reading;
  const record = readRecord(session);
  if (record === null) return null;
  const seen = await memory.of(rulesFile);
  const isKnown = signers.length > 0 || seen === undefined || seen.signer === record.signer.key;
  checkRulesRecord({
    ...checkOf(session, rules, record),
    seen,
    own: isKnown ? "" : (await signingKeyOf(session.variables)).publicKey,
  });
  await remember(session, record);
  return record;
}

/**
 * Calls something that reads the rules and their record, and again where somebody was just changing both, or
 * died doing so.
 */
export async function settled<T>(session: Session, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { journal } = session.secrets;
    if (!isLotseError(error) || error.code !== "secret.manifest" || !(await journal.isOpen())) throw error;
    await journal.exclusively("a reader", () => Promise.resolve());
    return await act();
  }
}

/**
 * Takes the present rules for good, whatever was there before, and signs them.
 *
 * @throws LotseError `secret.denied` for a key that may not
 */
export async function acceptRules(session: Session, rules: CreationRules): Promise<void> {
  let before: RulesRecord | null = null;
  try {
    before = readRecord(session);
  } catch (error) {
    if (!isLotseError(error)) throw error;
  }
  // As after changing branches, where both are older: nothing is to be signed.
  if (before !== null && (await isOwnRecord(session, rules, before))) await remember(session, before);
  else await writeRulesRecord(session, rules, before);
}

/** Whether a record is one of these very rules, by the key at hand. */
async function isOwnRecord(session: Session, rules: CreationRules, record: RulesRecord): Promise<boolean> {
  const key = (await signingKeyOf(session.variables)).publicKey;
  if (record.signer.key !== key || !maySign(session, key)) return false;
  try {
    checkRulesRecord({ ...checkOf(session, rules, record), seen: undefined, own: key });
    return true;
  } catch (error) {
    if (isLotseError(error)) return false;
    throw error;
  }
}

function checkOf(
  session: Session,
  rules: CreationRules,
  record: RulesRecord,
): Omit<RulesCheck, "seen" | "own"> {
  const { name: workspace, environments } = session.engine.workspace;
  const { signers } = session.secrets.reading;
  const recipients = recipientsIn(rules);
  return { record, workspace, file: rulesFile, rules: rules.digest, recipients, environments, signers };
}

/** Signs the rules in a version above the one before and all that were seen. @throws LotseError `secret.denied` */
async function writeRulesRecord(
  session: Session,
  rules: CreationRules,
  before: RulesRecord | null,
): Promise<void> {
  const record = await nextRecord(session, rules, before);
  await writePrivateFile(join(session.directory, rulesRecordFile), printRecord(record), { mode: 0o644 });
  await remember(session, record);
}

/** The record of new rules, not written yet. @throws LotseError `secret.denied` */
export async function nextRecord(
  session: Session,
  rules: CreationRules,
  before: RulesRecord | null,
): Promise<RulesRecord> {
  const key = await signingKeyOf(session.variables);
  if (!maySign(session, key.publicKey)) throw denied(key.publicKey);
  const seen = await session.secrets.reading.seen.of(rulesFile);
  return signRules(
    {
      schema: 1,
      workspace: session.engine.workspace.name,
      file: rulesFile,
      version: Math.max(before?.version ?? 0, seen?.version ?? 0) + 1,
      previous: before === null ? null : rulesRecordDigest(before),
      rules: rules.digest,
      recipients: recipientsIn(rules),
      signedAt: session.clock.now().toISOString(),
      signer: { name: `${session.actor.kind}:${session.actor.id}`, key: "" },
    },
    key,
  );
}

/** Remembers a record that is good, so that an older one does not come back unnoticed. */
export async function remember(session: Session, record: RulesRecord): Promise<void> {
  const { seen, signers } = session.secrets.reading;
  const { version, signer } = record;
  await seen.rememberAs(
    rulesFile,
    { version, digest: rulesRecordDigest(record), signer: signer.key, listed: signers.length > 0 },
    await seen.of(rulesFile),
  );
}

/** Writes a record as the JSON that is committed. */
export function printRecord(record: RulesRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function readRecord(session: Session): RulesRecord | null {
  const content = session.engine.files.read(rulesRecordFile);
  return content === undefined ? null : parseRulesRecord(content, rulesRecordFile);
}

/** Each recipient once, without the comments of SSH keys. */
function recipientsIn({ lists }: CreationRules): string[] {
  return [...new Set(lists.flat().map(normalRecipient))].sort();
}

function maySign(session: Session, key: string): boolean {
  const { signers } = session.secrets.reading;
  return maySignRules(signers, key, session.engine.workspace.environments);
}

/** Whether this working copy or git's history knows a record: one that is gone was taken away. */
async function wasRecorded(session: Session): Promise<boolean> {
  if ((await session.secrets.reading.seen.of(rulesFile)) !== undefined) return true;
  const args = [
    "-C",
    session.directory,
    "log",
    "--max-count=1",
    "--format=%H",
    "HEAD",
    "--",
    rulesRecordFile,
  ];
  const log = await session.exec("git", args).catch(() => null);
  return log !== null && log.status === 0 && log.stdout.trim() !== "";
}

function layersOf(session: Session, files: readonly string[]): readonly SecretLayer[] {
  const wanted = new Set(files);
  return allSecretLayers(session).filter(({ file }) => wanted.has(file));
}

function denied(key: string): LotseError {
  return new LotseError({
    code: "secret.denied",
    message: `your key may not sign ${rulesFile}: lotse.yml does not list it for all environments`,
    hint: `ask somebody whose key it lists, or for yours to be added under secrets.signers: ${key}`,
    where: { file: rulesFile },
  });
}
