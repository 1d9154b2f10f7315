import { join } from "node:path";
import {
  checkAgeRecipient,
  editCreationRules,
  parseCreationRules,
  type RecipientEdit,
} from "../../secrets/sops/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";
import {
  checkRules,
  nextRecord,
  printRecord,
  remember,
  rulesFile,
  rulesRecordFile,
  settled,
  trustRules,
} from "./rules-record.ts";

/** What became of `.sops.yaml`; `by-hand`: only a person can change it as it is written. */
export type RulesOutcome = "changed" | "unchanged" | "by-hand" | "none";

/**
 * Adds a recipient to every rule of `.sops.yaml`, or takes one out, and signs the result. The text keeps its
 * layout and comments.
 *
 * @throws LotseError `secret.manifest`, `secret.signature` where nobody who may has signed the present rules;
 * `secret.denied` for a key that may not; `secret.recipient` for one to add that is none
 */
export async function changeCreationRules(session: Session, edit: RecipientEdit): Promise<RulesOutcome> {
  if (edit.what === "add") await checkAgeRecipient(edit.recipient);
  const before = await settled(session, async () => {
    const text = textOfRules(session);
    const files = allSecretLayers(session).map(({ file }) => file);
    if (text !== null) await trustRules(session, parseCreationRules(text), files);
    return text;
  });
  if (before === null) return "none";
  const planned = editCreationRules(before, edit);
  if (planned === null) return "by-hand";
  if (planned === before) return "unchanged";
  return await session.recorder.change(
    { action: "secret.rules", object: rulesFile, details: { what: edit.what, recipient: edit.recipient } },
    () => session.secrets.journal.exclusively(`the rules of ${rulesFile}`, () => apply(session, edit)),
  );
}

async function apply(session: Session, edit: RecipientEdit): Promise<RulesOutcome> {
  // Again, as somebody else may have been at work until now.
  const before = textOfRules(session) ?? "";
  const present = await checkRules(session, parseCreationRules(before));
  const after = editCreationRules(before, edit);
  if (after === null) return "by-hand";
  if (after === before) return "unchanged";
  const record = await nextRecord(session, parseCreationRules(after), present);
  await session.secrets.journal.replace([
    { path: join(session.directory, rulesFile), content: Buffer.from(after) },
    { path: join(session.directory, rulesRecordFile), content: Buffer.from(printRecord(record)) },
  ]);
  await remember(session, record);
  return "changed";
}

function textOfRules(session: Session): string | null {
  const bytes = session.engine.files.read(rulesFile);
  return bytes === undefined ? null : Buffer.from(bytes).toString("utf8");
}
