import { isLotseError } from "../../kernel/index.ts";
import type { SecretMetadata } from "../../policy/index.ts";
import type { SopsDocument } from "../../secrets/sops/index.ts";
import { textOfLeaf, type LoadedFile } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";

/** Shorter ones are too weak for anything: PCI DSS 4.0.1, 8.3.6. */
const leastCharacters = 12;
const common = /^(?:password|passw0rd|secret|changeme|change-me|admin|root|default|letmein|qwerty)\d*!?$/iu;

/**
 * What is known of all secrets: names, dates, recipients, and, where a key at hand opens them, whether values
 * are weak or occur twice. No value leaves this function. Each file that is opened for it is in the audit log.
 */
export async function secretKnowledge(session: Session): Promise<readonly SecretMetadata[]> {
  const known: SecretMetadata[] = [];
  const fingerprint = (await session.fingerprints()).of;
  for (const layer of allSecretLayers(session)) {
    if (layer.environment === null || session.engine.files.stamp(layer.file) === undefined) continue;
    const loaded = await session.secrets.layer(layer).catch(ignoreRefusal);
    const main = loaded?.main ?? null;
    for (const file of main === null ? [] : [main]) {
      const document = await openOrNull(session, file);
      for (const secret of await session.secrets.list([layer])) {
        const name = secret.name;
        const leaf = document?.leaves.find(({ path }) => path.join(".") === name);
        const value = leaf === undefined || leaf.type === "bytes" ? undefined : textOfLeaf(leaf, name);
        known.push({
          name,
          environment: layer.environment,
          tenant: layer.tenant,
          changed: secret.changedAt,
          file: secret.file,
          recipients: file.manifest.recipients,
          ...(value === undefined
            ? {}
            : {
                fingerprint: fingerprint(value),
                weak: value.map((text) => text.length < leastCharacters || common.test(text)).reveal(),
              }),
        });
      }
    }
  }
  return known;
}

async function openOrNull(session: Session, file: LoadedFile): Promise<SopsDocument | null> {
  const { environment, tenant } = file.layer;
  await session.recorder.read({
    action: "secret.inspect",
    object: file.file,
    ...(environment === null ? {} : { scope: { environment, ...(tenant === null ? {} : { tenant }) } }),
  });
  return (await session.secrets.document(file).catch(ignoreRefusal)) ?? null;
}

/** A file that is refused tells nothing; `secrets verify` says why. */
function ignoreRefusal(error: unknown): undefined {
  if (isLotseError(error)) return undefined;
  throw error;
}
