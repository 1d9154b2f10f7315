import { isLotseError } from "../../kernel/index.ts";
import type { SecretMetadata } from "../../policy/index.ts";
import type { SopsDocument } from "../../secrets/sops/index.ts";
import { nameOfLeaf, textOfLeaf, type LoadedFile, type SecretLayer } from "../../secrets/store/index.ts";
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
    const loaded = await session.secrets.layer(layer).catch(ignoreRefusal);
    if (loaded === undefined) continue;
    const files = [...(loaded.main === null ? [] : [loaded.main]), ...loaded.incoming];
    // A value that was written without reading the file lies beside it, and is the one that counts.
    const secrets = await session.secrets.list([layer]);
    for (const file of files) {
      const here = secrets.filter((secret) => secret.file === file.file);
      if (here.length === 0) continue;
      const document = await openOrNull(session, file);
      for (const { name, changedAt } of here) {
        const leaf = document?.leaves.find(({ path }) => nameOfLeaf(path, file.format) === name);
        const value = leaf === undefined || leaf.type === "bytes" ? undefined : textOfLeaf(leaf, name);
        known.push({
          name,
          environment: environmentOf(session, layer),
          tenant: layer.tenant,
          changed: changedAt,
          file: file.file,
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

/** A file of all environments is that of the only one where there is one only. */
function environmentOf({ engine }: Session, { environment }: SecretLayer): string | null {
  const { environments } = engine.workspace;
  return environment ?? (environments.length === 1 ? (environments[0] ?? null) : null);
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
