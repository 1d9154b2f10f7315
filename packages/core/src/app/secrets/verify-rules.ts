import { diagnosticOf, isLotseError, type Diagnostic } from "../../kernel/index.ts";
import { normalRecipient, recipientsOf, type CreationRules } from "../../secrets/sops/index.ts";
import type { SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";
import { openRotations } from "./rotation.ts";
import { readRules } from "./rules.ts";
import { checkRules, refuseUnknown, rulesFile, settled } from "./rules-record.ts";

/** What was found of the creation rules. */
export interface VerifiedRules {
  readonly file: string;
  /** Of their signed record; null where there is none. */
  readonly version: number | null;
  readonly problem: Diagnostic | null;
}

/** Checks the creation rules against their record; null where the workspace has none. Signs nothing. */
export async function verifyRules(session: Session): Promise<VerifiedRules | null> {
  try {
    return await settled(session, async () => {
      const rules = readRules(session);
      if (rules === null) return null;
      const record = await checkRules(session, rules);
      if (record === null) await refuseUnknown(session, rules, allSecretLayers(session));
      return { file: rulesFile, version: record?.version ?? null, problem: null };
    });
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { file: rulesFile, version: null, problem: diagnosticOf(error) };
  }
}

/**
 * What somebody should see to, though nothing was tampered with: files whose recipients are not those of the
 * rules, and recipients whose removal was interrupted.
 */
export async function notesOf(
  session: Session,
  layers: readonly SecretLayer[],
): Promise<readonly Diagnostic[]> {
  const notes: Diagnostic[] = (await openRotations(session)).map((recipient) => ({
    code: "secret.interrupted",
    severity: "warning",
    message: `the removal of ${recipient} was interrupted, and nobody has seen what is to be made anew`,
    hint: `call it again: lotse secrets remove-recipient '${recipient}' --recursive`,
    where: {},
  }));
  const rules = rulesOrNull(session);
  if (rules === null) return notes;
  for (const layer of layers) {
    const note = await differenceOf(session, rules, layer);
    if (note !== null) notes.push(note);
  }
  return notes;
}

/** Whether a file is for others than the rules say; what is wrong with either is told elsewhere. */
async function differenceOf(
  session: Session,
  rules: CreationRules,
  layer: SecretLayer,
): Promise<Diagnostic | null> {
  const { file } = layer;
  try {
    const { main } = await session.secrets.layer(layer);
    const rule = rules.ruleFor(file)?.recipients;
    if (main === null || rule === undefined) return null;
    const wanted = namesOf(rule);
    const present = namesOf(recipientsOf(main.parsed.metadata));
    const more = present.filter((name) => !wanted.includes(name));
    const less = wanted.filter((name) => !present.includes(name));
    if (more.length === 0 && less.length === 0) return null;
    const parts = [
      ...(more.length === 0 ? [] : [`is also for ${more.join(", ")}`]),
      ...(less.length === 0 ? [] : [`is not for ${less.join(", ")}`]),
    ];
    return {
      code: "secret.rules",
      severity: "warning",
      message: `${file} ${parts.join(" and ")}, other than ${rulesFile} says`,
      hint: `lotse secrets rekey ${file} brings it in step; or change ${rulesFile}`,
      where: { file },
    };
  } catch (error) {
    if (isLotseError(error)) return null;
    throw error;
  }
}

function namesOf(set: ReturnType<typeof recipientsOf>): readonly string[] {
  const all = "recipients" in set ? set.recipients : set.groups.flat();
  return [...new Set(all.map(normalRecipient))].sort();
}

function rulesOrNull(session: Session): CreationRules | null {
  try {
    return readRules(session);
  } catch (error) {
    if (isLotseError(error)) return null;
    throw error;
  }
}
