import { isLotseError } from "../../kernel/index.ts";
import { refuseRules } from "../../secrets/manifest/index.ts";
import { normalRecipient, type CreationRules } from "../../secrets/sops/index.ts";
import type { SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";

/** The file that says who opens new files; sops reads the same. */
export const rulesFile = ".sops.yaml";

/** Who opens the files that exist, each checked against its manifest. */
export interface KnownRecipients {
  /** Null where there is no file yet. */
  readonly all: ReadonlySet<string> | null;
  /** By environment, of those that have files. */
  readonly byEnvironment: ReadonlyMap<string | null, ReadonlySet<string>>;
}

/** Reads who opens the workspace's files. @throws LotseError `secret.manifest`, `secret.signature`, … */
export async function knownRecipients(session: Session): Promise<KnownRecipients> {
  const byEnvironment = new Map<string | null, Set<string>>();
  for (const layer of allSecretLayers(session)) {
    if (session.engine.files.stamp(layer.file) === undefined) continue;
    const known = byEnvironment.get(layer.environment) ?? new Set();
    byEnvironment.set(layer.environment, known);
    const { main } = await session.secrets.layer(layer);
    for (const { id } of main?.parsed.metadata.groups.flatMap(({ entries }) => entries) ?? []) {
      known.add(normalRecipient(id));
    }
  }
  const all =
    byEnvironment.size === 0 ? null : new Set([...byEnvironment.values()].flatMap((set) => [...set]));
  return { all, byEnvironment };
}

/**
 * Refuses rules that name somebody for one of these layers whom no file of its environment is for, or, where it has
 * none, no file of the workspace.
 *
 * @throws LotseError `secret.manifest`
 */
export async function refuseNewcomers(
  session: Session,
  rules: CreationRules,
  layers: readonly SecretLayer[],
): Promise<void> {
  const { all, byEnvironment } = await knownRecipients(session);
  if (all === null) return;
  for (const { file, environment } of layers) {
    const known = byEnvironment.get(environment) ?? all;
    const newcomers = namedFor(rules, file).filter((recipient) => !known.has(recipient));
    if (newcomers.length === 0) continue;
    throw refuseRules(
      "secret.manifest",
      rulesFile,
      `was never signed and names whom no file of ${environment ?? "the workspace"} is for: ${newcomers.join(", ")}`,
    );
  }
}

/** Whom a file would be for; nobody where no rule fits, or one that only sops can follow, as nothing is made then. */
function namedFor(rules: CreationRules, file: string): readonly string[] {
  try {
    const { recipients } = rules.ruleFor(file) ?? { recipients: { recipients: [] } };
    const named = "recipients" in recipients ? recipients.recipients : recipients.groups.flat();
    return named.map(normalRecipient);
  } catch (error) {
    if (isLotseError(error)) return [];
    throw error;
  }
}
