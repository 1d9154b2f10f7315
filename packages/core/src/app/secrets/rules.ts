import { LotseError } from "../../kernel/index.ts";
import { parseCreationRules, type CreationRules } from "../../secrets/sops/index.ts";
import type { NewFileRule } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { rulesFile, settled, trustRules } from "./rules-record.ts";

export { rulesFile };

/** Says who shall be able to open a file. @throws LotseError `secret.rules` where there is no rule for it */
export type RuleFor = (file: string) => NewFileRule;

/**
 * Who shall be able to open a file, as `.sops.yaml` says it, after making sure that somebody who may has signed
 * what it says.
 *
 * @param file - relative to the workspace
 * @throws LotseError `secret.rules` where there is no rule, or the file is broken; `secret.manifest`,
 * `secret.signature` where it names somebody whom nobody has signed
 */
export async function creationRuleOf(session: Session, file: string): Promise<NewFileRule> {
  return (await creationRulesOf(session, [file]))(file);
}

/**
 * As {@link creationRuleOf}, for several files that are checked together.
 *
 * @param files - relative to the workspace
 */
export async function creationRulesOf(session: Session, files: readonly string[]): Promise<RuleFor> {
  const rules = await settled(session, async () => {
    const read = readRules(session);
    if (read === null) throw noRules(files[0]);
    await trustRules(session, read, files);
    return read;
  });
  return (file) => {
    const rule = rules.ruleFor(file);
    if (rule !== null) return rule;
    throw new LotseError({
      code: "secret.rules",
      message: `${rulesFile} has no rule for ${file}`,
      hint: "add a creation rule whose path_regex fits it",
      where: { file: rulesFile },
    });
  };
}

/** The workspace's creation rules, not checked; null where it has none. @throws LotseError `secret.rules` */
export function readRules(session: Session): CreationRules | null {
  const bytes = session.engine.files.read(rulesFile);
  return bytes === undefined ? null : parseCreationRules(Buffer.from(bytes).toString("utf8"));
}

/** The error for a workspace without creation rules. */
export function noRules(file: string | undefined): LotseError {
  return new LotseError({
    code: "secret.rules",
    message: `there is no ${rulesFile} that says who can open ${file ?? "new files"}`,
    hint: "lotse secrets init makes a key for you and the file",
    where: { file: rulesFile },
  });
}
