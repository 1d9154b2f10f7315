import { cachedSource } from "./cached-source.ts";
import type { FactScope, FactSource, FactValue } from "./fact.ts";

/** What is known about a secret without opening it for anybody: never its content. */
export interface SecretMetadata {
  readonly name: string;
  /** Null for a secret that all environments use. */
  readonly environment: string | null;
  /** Null for a secret that all tenants of the environment use. */
  readonly tenant: string | null;
  /** When its value last changed, ISO 8601. */
  readonly changed: string;
  /** A keyed hash of the value: equal values have equal ones. */
  readonly fingerprint?: string | undefined;
  /** Whether whoever made the metadata found the value short, common or a default. */
  readonly weak?: boolean | undefined;
  /** Who can open it. */
  readonly recipients?: readonly string[] | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** One finding of a scan of the workspace's files. */
export interface ScanFinding {
  readonly file: string;
  readonly line: number;
  /** What it looks like, such as `private-key`. */
  readonly rule: string;
}

/** Everything that the secrets have to say. What is left out stays unknown. */
export interface SecretKnowledge {
  readonly secrets?: readonly SecretMetadata[] | undefined;
  readonly findings?: readonly ScanFinding[] | undefined;
  /**
   * The names of the secrets that a scope's configuration refers to. Where one of them is not among the known, nobody
   * can say that all are well: what is found wrong with the others is told, the rest is unknown. @defaultValue none
   */
  readonly referenced?: ((scope: FactScope) => readonly string[]) | undefined;
  /** When it was looked at, ISO 8601 in UTC. */
  readonly at: string;
}

/** Makes facts of the metadata of secrets: their ages, who can open them, and whose values occur twice. */
export function secretFacts({ secrets, findings, referenced, at }: SecretKnowledge): FactSource {
  const byFingerprint = new Map<string, SecretMetadata[]>();
  for (const secret of secrets ?? []) {
    if (secret.fingerprint === undefined) continue;
    const same = byFingerprint.get(secret.fingerprint) ?? [];
    same.push(secret);
    byFingerprint.set(secret.fingerprint, same);
  }
  const provides = [
    "secrets.ages",
    "secrets.shared_values",
    "secrets.weak",
    "secrets.recipients",
    "secrets.scan_findings",
  ];
  return cachedSource("secrets", provides, (scope) => {
    const here = secrets?.filter((secret) => isHere(secret, scope));
    const tell = (path: string, value: FactValue | undefined) =>
      value === undefined ? undefined : { value, path, at, file: here?.[0]?.file };
    const names = new Set(here?.map(({ name }) => name));
    const whole = here !== undefined && (referenced?.(scope) ?? []).every((name) => names.has(name));
    // A value that cannot be compared, here or elsewhere, may be the same.
    const complete = whole && (secrets ?? []).every(({ fingerprint }) => fingerprint !== undefined);
    const judged = whole && here.every(({ weak }) => weak !== undefined);
    const shared = sharedFrom(here ?? [], byFingerprint);
    const feeble = here?.filter(({ weak }) => weak === true).map(({ name }) => ({ name })) ?? [];
    return {
      "secrets.ages": tell(
        "secrets",
        whole ? here.map(({ name, changed }) => ({ name, changed })) : undefined,
      ),
      "secrets.shared_values": tell("secrets", complete || shared.length > 0 ? shared : undefined),
      "secrets.weak": tell("secrets", judged || feeble.length > 0 ? feeble : undefined),
      "secrets.recipients": tell(
        "secrets",
        here && [...new Set(here.flatMap(({ recipients }) => recipients ?? []))],
      ),
      "secrets.scan_findings":
        findings === undefined
          ? undefined
          : {
              value: findings.map(({ file, line, rule }) => ({ file, line, rule })),
              path: "secrets scan",
              at,
              file: findings[0]?.file,
              line: findings[0]?.line,
            },
    };
  });
}

function isHere(secret: SecretMetadata, { environment, tenant }: FactScope): boolean {
  const here = secret.environment === null || secret.environment === environment;
  return here && (secret.tenant === null || secret.tenant === tenant);
}

/**
 * A value may occur twice in one place under two names; elsewhere it must not. What all environments use is shared
 * whoever can read it.
 */
function sharedFrom(
  here: readonly SecretMetadata[],
  byFingerprint: ReadonlyMap<string, readonly SecretMetadata[]>,
): readonly FactValue[] {
  return here.flatMap((secret) => {
    const everywhere = secret.environment === null ? [`every environment ${secret.name}`] : [];
    const same = (byFingerprint.get(secret.fingerprint ?? "") ?? [])
      .filter(({ environment, tenant }) => environment !== secret.environment || tenant !== secret.tenant)
      .map(({ environment, tenant, name }) => {
        const where = environment ?? "every environment";
        return `${where}${tenant === null ? "" : `:${tenant}`} ${name}`;
      });
    const elsewhere = [...everywhere, ...same];
    return elsewhere.length === 0 ? [] : [{ name: secret.name, with: [...new Set(elsewhere)].sort() }];
  });
}
