import { LotseError } from "../../kernel/index.ts";
import { creationRuleFor } from "../../secrets/sops/index.ts";
import type { NewFileRule } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";

/** The file that says who opens new files; sops reads the same. */
export const rulesFile = ".sops.yaml";

/**
 * Who shall be able to open a file, as `.sops.yaml` says it.
 *
 * @param file - relative to the workspace
 * @throws LotseError `secret.rules` where there is no rule, or the file is broken
 */
export function creationRuleOf(session: Session, file: string): NewFileRule {
  const bytes = session.engine.files.read(rulesFile);
  if (bytes === undefined) {
    throw new LotseError({
      code: "secret.rules",
      message: `there is no ${rulesFile} that says who can open ${file}`,
      hint: "lotse secrets init makes a key for you and the file",
      where: { file: rulesFile },
    });
  }
  const rule = creationRuleFor(Buffer.from(bytes).toString("utf8"), file);
  if (rule !== null) return rule;
  throw new LotseError({
    code: "secret.rules",
    message: `${rulesFile} has no rule for ${file}`,
    hint: "add a creation rule whose path_regex fits it",
    where: { file: rulesFile },
  });
}
