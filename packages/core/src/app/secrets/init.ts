import { existsSync } from "node:fs";
import { join } from "node:path";
import { LotseError, Sensitive, writePrivateFile } from "../../kernel/index.ts";
import { checkAgeRecipient } from "../../secrets/sops/index.ts";
import type { Session } from "../session.ts";
import { identitiesOf } from "./plain-files.ts";
import { rulesFile } from "./rules.ts";

/** What setting up secrets made. */
export interface SecretsSetUp {
  /** The new key's file; null where there was a key already. */
  readonly keyFile: string | null;
  /** Who can open new files. */
  readonly recipients: readonly string[];
  /** Whether `.sops.yaml` was written; an existing one is left alone. */
  readonly rulesWritten: boolean;
}

/**
 * Sets up secrets in a workspace: a key for whoever has none, and a `.sops.yaml` whose rule is for all secret
 * files.
 *
 * @param further - recipients besides the new key
 * @throws LotseError `secret.recipient`; `usage.argument` where nobody would be a recipient
 */
export async function setUpSecrets(session: Session, further: readonly string[]): Promise<SecretsSetUp> {
  for (const recipient of further) await checkAgeRecipient(recipient);
  return await session.recorder.change({ action: "secret.init", object: rulesFile }, async () => {
    const made = (await identitiesOf(session)).length === 0 ? await makeKey(session) : null;
    const recipients = [...(made === null ? [] : [made.recipient]), ...further];
    const path = join(session.directory, rulesFile);
    const rulesWritten = !existsSync(path);
    if (rulesWritten) {
      if (recipients.length === 0) throw nobody();
      await writePrivateFile(path, rulesText(recipients), { mode: 0o644 });
    }
    return { keyFile: made?.path ?? null, recipients, rulesWritten };
  });
}

async function makeKey(session: Session): Promise<{ readonly path: string; readonly recipient: string }> {
  const { variables } = session;
  const home = variables["HOME"] ?? "";
  const config = variables["XDG_CONFIG_HOME"] ?? (home === "" ? "" : join(home, ".config"));
  if (config === "") throw nobody();
  const path = join(config, "sops", "age", "keys.txt");
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = new Sensitive(await generateX25519Identity());
  const recipient = await identityToRecipient(identity.reveal());
  const text = identity.map((key) => `# made by lotse secrets init\n# public key: ${recipient}\n${key}\n`);
  await writePrivateFile(path, text.reveal());
  return { path, recipient };
}

function rulesText(recipients: readonly string[]): string {
  return [
    "# Who can open new secret files; sops reads this, too. The first rule that fits a path counts.",
    "creation_rules:",
    "  - path_regex: (^|/)secrets/.*\\.(ya?ml|json|env|ini)$",
    "    age: >-",
    ...recipients.map((recipient, index) => `      ${recipient}${index < recipients.length - 1 ? "," : ""}`),
    "",
  ].join("\n");
}

function nobody(): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: "nobody would be able to open the secrets: you have a key already, and no recipient was named",
    hint: "name yours with --recipient: age-keygen -y ~/.config/sops/age/keys.txt prints it",
  });
}
