import { LotseError } from "../../kernel/index.ts";
import { isIntact, manifestDigest, manifestPathOf, type Manifest } from "./manifest.ts";

/** What a file must be: where it stands and whose it is. */
export interface Binding {
  readonly workspace: string;
  readonly file: string;
  readonly environment: string | null;
  readonly tenant: string | null;
  readonly incoming: string | null;
}

/** A key whose manifests count. */
export interface TrustedSigner {
  readonly name: string;
  readonly key: string;
  /** Only for these; all if left out. */
  readonly environments?: readonly string[] | undefined;
}

/** What this working copy has seen of a file before. */
export interface Seen {
  readonly version: number;
  readonly digest: string;
  /** The key that signed it. */
  readonly signer: string;
  /** Whether the keys that count were listed then. */
  readonly listed?: boolean;
}

/** What a manifest is checked against. */
export interface ManifestCheck {
  readonly manifest: Manifest;
  readonly binding: Binding;
  /** The structure of the file as it is now. */
  readonly structure: string;
  readonly recipients: readonly string[];
  /** None: the first signer of each file is trusted from then on. */
  readonly signers: readonly TrustedSigner[];
  readonly seen: Seen | undefined;
}

/**
 * Refuses a secret file that is not the one its manifest binds.
 *
 * @throws LotseError `secret.signature` when the signature is wrong or by a key that does not count;
 * `secret.manifest` when the file stands elsewhere than it was made for, has another structure or other
 * recipients, or is older than one seen before
 */
export function checkManifest(check: ManifestCheck): void {
  checkSignature(check);
  checkBinding(check);
  checkContent(check);
  checkAge(check);
}

function checkSignature({ manifest, binding, signers, seen }: ManifestCheck): void {
  if (!isIntact(manifest)) {
    throw refuse(
      "secret.signature",
      binding,
      "has a manifest whose signature does not fit",
      "restore both from git, or find out who changed them",
    );
  }
  const { key, name } = manifest.signer;
  if (signers.length > 0) {
    const signer = signers.find((known) => known.key === key);
    const environments = signer?.environments;
    const inScope =
      environments === undefined ||
      (binding.environment !== null && environments.includes(binding.environment));
    if (signer !== undefined && inScope) return;
    throw refuse(
      "secret.signature",
      binding,
      `is signed by ${name} with a key that lotse.yml does not list${signer === undefined ? "" : " for this environment"}`,
      "add the key under secrets.signers, or let a listed signer look at the file and run `lotse secrets sign`",
    );
  }
  // A list that is gone must not open the door for other keys.
  const isOther = seen !== undefined && seen.signer !== key;
  if (isOther && (seen.listed === true || seen.version >= manifest.version)) {
    throw refuse(
      "secret.signature",
      binding,
      `was signed anew by ${name} with another key than before`,
      "list the keys that count under secrets.signers in lotse.yml",
    );
  }
}

function checkBinding({ manifest, binding }: ManifestCheck): void {
  for (const part of ["workspace", "file", "environment", "tenant", "incoming"] as const) {
    if (manifest[part] === binding[part]) continue;
    throw refuse(
      "secret.manifest",
      binding,
      `was made for the ${part} ${manifest[part] ?? "(none)"}, not ${binding[part] ?? "(none)"}`,
      "a secret file cannot be copied or moved as a file: set its values anew with `lotse secrets set`",
    );
  }
}

function checkContent({ manifest, binding, structure, recipients }: ManifestCheck): void {
  if (manifest.structure !== structure) {
    throw refuse(
      "secret.manifest",
      binding,
      "was changed after its manifest was signed",
      `look at \`git diff\`; if the change is meant, \`lotse secrets sign ${binding.file}\` signs it`,
    );
  }
  if ([...recipients].sort().join("\n") !== [...manifest.recipients].sort().join("\n")) {
    throw refuse(
      "secret.manifest",
      binding,
      "has other recipients than its manifest says",
      `look at \`git diff\`; if the change is meant, \`lotse secrets sign ${binding.file}\` signs it`,
    );
  }
}

function checkAge({ manifest, binding, seen }: ManifestCheck): void {
  if (seen === undefined || manifest.version > seen.version) return;
  const same = manifest.version === seen.version && manifestDigest(manifest) === seen.digest;
  if (same) return;
  throw refuse(
    "secret.manifest",
    binding,
    manifest.version < seen.version
      ? `is version ${manifest.version}, and version ${seen.version} was here before: an old version was brought back`
      : `is another version ${manifest.version} than the one that was here before`,
    `if that is meant, as after changing branches, \`lotse secrets verify --accept ${binding.file}\` accepts it`,
  );
}

function refuse(
  code: "secret.manifest" | "secret.signature",
  binding: Binding,
  why: string,
  hint: string,
): LotseError {
  return new LotseError({
    code,
    message: `${binding.file} ${why}`,
    hint,
    where: { file: binding.file },
    related: [{ file: manifestPathOf(binding.file) }],
  });
}
