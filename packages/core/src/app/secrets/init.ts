import { existsSync } from "node:fs";
import { join } from "node:path";
import { LotseError, Sensitive, writePrivateFile } from "../../kernel/index.ts";
import {
  checkAgeRecipient,
  isSameRecipient,
  parseCreationRules,
  type KeyOpener,
} from "../../secrets/sops/index.ts";
import type { Session } from "../session.ts";
import { identitiesOf } from "./plain-files.ts";
import { ignoreState } from "../ignore.ts";
import { acceptRules, rulesFile } from "./rules-record.ts";

/** What setting up secrets made. */
export interface SecretsSetUp {
  /** The new key's file; null where there was a key already. */
  readonly keyFile: string | null;
  /** Where the key is from that was there already, such as the path of its file; null where it is new. */
  readonly usedKey: string | null;
  /** Who can open new files. */
  readonly recipients: readonly string[];
  /** Whether `.sops.yaml` was written; an existing one is left alone. */
  readonly rulesWritten: boolean;
  /** Whether `.lotse` was added to `.gitignore`. */
  readonly ignored: boolean;
}

/**
 * Sets up secrets in a workspace: a key for whoever has none, a `.sops.yaml` whose rule is for all secret files,
 * with a signed record beside it, and `.lotse` in `.gitignore`. Who has a key already uses the first of those
 * that sops would use; age keys go before SSH keys.
 *
 * @param further - recipients besides the own key
 * @throws LotseError `secret.recipient`; `usage.argument` where nobody would be a recipient
 */
export async function setUpSecrets(session: Session, further: readonly string[]): Promise<SecretsSetUp> {
  for (const recipient of further) await checkAgeRecipient(recipient);
  return await session.recorder.change({ action: "secret.init", object: rulesFile }, async () => {
    const present = await identitiesOf(session);
    const made = present.length === 0 ? await makeKey(session) : null;
    const own = made ?? firstOf(present);
    const recipients = distinct([...(own === null ? [] : [own.recipient]), ...further]);
    const path = join(session.directory, rulesFile);
    const rulesWritten = !existsSync(path);
    if (rulesWritten) {
      if (recipients.length === 0) throw nobody();
      const text = rulesText(recipients);
      await writePrivateFile(path, text, { mode: 0o644 });
      await acceptRules(session, parseCreationRules(text));
    }
    const ignored = await ignoreState(session.directory);
    const usedKey = made === null ? (own?.path ?? null) : null;
    return { keyFile: made?.path ?? null, usedKey, recipients, rulesWritten, ignored };
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

/** The key that sops would use first, of those that can be encrypted to; null where there is none. */
function firstOf(keys: readonly KeyOpener[]): { readonly path: string; readonly recipient: string } | null {
  const known = keys.flatMap(({ name, recipient }) =>
    recipient === undefined ? [] : [{ path: name, recipient }],
  );
  return known.find(({ recipient }) => recipient.startsWith("age1")) ?? known[0] ?? null;
}

function distinct(recipients: readonly string[]): readonly string[] {
  return recipients.filter(
    (recipient, index) => recipients.findIndex((other) => isSameRecipient(other, recipient)) === index,
  );
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
    message: "nobody would be able to open the secrets: your key is of a kind that nothing here encrypts for",
    hint: "name an age or SSH recipient with --recipient: age-keygen makes a key",
  });
}
