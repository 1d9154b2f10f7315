import { z } from "zod";
import { canonicalJson, digestOf, LotseError } from "../../kernel/index.ts";
import type { Seen, TrustedSigner } from "./check.ts";
import { isSignedBy, type SigningKey } from "./signing-key.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/u);

const bodySchema = z.strictObject({
  schema: z.literal(1),
  workspace: z.string().min(1).max(4096),
  file: z.string().min(1).max(4096),
  /** Counts from 1, one up with every change of the rules. */
  version: z.int().min(1),
  /** The digest of the record before. */
  previous: digest.nullable(),
  /** The digest of the creation rules' canonical form. */
  rules: digest,
  /** All recipients that the rules name, sorted; to tell who was added. */
  recipients: z.array(z.string().max(8192)).max(10_000),
  signedAt: z.iso.datetime(),
  signer: z.strictObject({ name: z.string().max(256), key: z.string().max(100) }),
});

const recordSchema = z.strictObject({ ...bodySchema.shape, signature: z.string().max(200) });

/** The signed statement beside `.sops.yaml`: whom new files are for. sops does not know it. */
export type RulesRecord = z.infer<typeof recordSchema>;

// Another purpose than a manifest's, so that neither can stand in for the other.
const purpose = "lotse/creation-rules/1\n";
const maxBytes = 1024 * 1024;

/** Signs a statement on creation rules. */
export function signRules(body: z.infer<typeof bodySchema>, key: SigningKey): RulesRecord {
  const signed = { ...body, signer: { ...body.signer, key: key.publicKey } };
  return { ...signed, signature: key.sign(purpose + canonicalJson(signed)) };
}

/**
 * The digest by which the next record names this one. The time is no part of it: two processes that sign the
 * same rules at once say the same.
 */
export function rulesRecordDigest({ workspace, file, version, rules, signer }: RulesRecord): string {
  return digestOf(canonicalJson([workspace, file, version, rules, signer.key]));
}

/**
 * Reads a record.
 *
 * @param path - for messages
 * @throws LotseError `secret.manifest` for anything that is not one
 */
export function parseRulesRecord(content: Uint8Array, path: string): RulesRecord {
  if (content.length <= maxBytes) {
    try {
      const parsed = recordSchema.safeParse(JSON.parse(Buffer.from(content).toString("utf8")));
      if (parsed.success) return parsed.data;
    } catch {
      // Told below, as the parser's message may quote the content.
    }
  }
  throw refuseRules("secret.manifest", path, `is not the signed record of the creation rules`);
}

/** What a record is checked against. */
export interface RulesCheck {
  readonly record: RulesRecord;
  readonly workspace: string;
  readonly file: string;
  /** The rules as they are now. */
  readonly rules: string;
  readonly recipients: readonly string[];
  /** All environments of the workspace: the rules are for all of them. */
  readonly environments: readonly string[];
  readonly signers: readonly TrustedSigner[];
  readonly seen: Seen | undefined;
  /** The public key of whoever checks. */
  readonly own: string;
}

/**
 * Refuses creation rules that are not those that were signed. Without a list of signers it is stricter than for
 * secret files: rules that somebody else signed anew count only after they were accepted here.
 *
 * @throws LotseError `secret.signature`, `secret.manifest`
 */
export function checkRulesRecord(check: RulesCheck): void {
  const { record, file, recipients, seen } = check;
  const { signature, ...body } = record;
  if (!isSignedBy(record.signer.key, purpose + canonicalJson(body), signature)) {
    throw refuseRules("secret.signature", file, "has a record whose signature does not fit");
  }
  if (!isTrusted(check)) {
    throw refuseRules(
      "secret.signature",
      file,
      `was signed by ${record.signer.name} with a key that does not count`,
    );
  }
  if (record.workspace !== check.workspace || record.file !== file) {
    throw refuseRules("secret.manifest", file, "has the record of another workspace or file");
  }
  if (record.rules !== check.rules) {
    const added = recipients.filter((recipient) => !record.recipients.includes(recipient));
    const who = added.length === 0 ? "" : `: ${added.join(", ")} would open new files`;
    throw refuseRules("secret.manifest", file, `was changed after it was signed${who}`);
  }
  if (seen === undefined || record.version > seen.version) return;
  if (record.version === seen.version && rulesRecordDigest(record) === seen.digest) return;
  throw refuseRules(
    "secret.manifest",
    file,
    `is version ${record.version}, and version ${seen.version} was here before: other rules were brought back`,
  );
}

function isTrusted({ record, signers, environments, seen, own }: RulesCheck): boolean {
  const { key } = record.signer;
  if (signers.length > 0) return maySignRules(signers, key, environments);
  return seen === undefined || seen.signer === key || own === key;
}

/** Whether a key may sign the rules, which are for all environments; any key where none are listed. */
export function maySignRules(
  signers: readonly TrustedSigner[],
  key: string,
  environments: readonly string[],
): boolean {
  if (signers.length === 0) return true;
  const signer = signers.find((known) => known.key === key);
  const own = signer?.environments;
  return signer !== undefined && (own === undefined || environments.every((name) => own.includes(name)));
}

/** The error for creation rules that nobody who may has signed. */
export function refuseRules(
  code: "secret.manifest" | "secret.signature",
  file: string,
  why: string,
): LotseError {
  return new LotseError({
    code,
    message: `${file} ${why}`,
    hint: `look at \`git diff ${file}\` and \`git log -p ${file}\`; if all recipients in it are meant, \`lotse secrets verify --accept ${file}\` signs it`,
    where: { file },
  });
}
