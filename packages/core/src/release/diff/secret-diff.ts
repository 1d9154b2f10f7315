import type { SealedSecrets } from "../sealed-secrets.ts";

/** Which version of a secret counts. */
interface SecretVersion {
  readonly file: string;
  readonly version: number;
}

/** A secret that two releases do not share; never its value. */
export interface SecretChange {
  readonly name: string;
  /** `re-encrypted`: the same version under another key, as after a change of recipients. */
  readonly kind: "added" | "removed" | "changed" | "re-encrypted";
  readonly before: SecretVersion | null;
  readonly after: SecretVersion | null;
}

/** The secrets whose versions differ, by name. */
export function secretDiff(
  before: SealedSecrets | null,
  after: SealedSecrets | null,
): readonly SecretChange[] {
  const old = new Map(Object.entries(before?.secrets ?? {}));
  const now = new Map(Object.entries(after?.secrets ?? {}));
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const left = old.get(name);
    const right = now.get(name);
    const kind = kindOf(left, right);
    return kind === null ? [] : [{ name, kind, before: versionOf(left), after: versionOf(right) }];
  });
}

type Reference = SealedSecrets["secrets"][string];

function kindOf(left: Reference | undefined, right: Reference | undefined): SecretChange["kind"] | null {
  if (left === undefined) return "added";
  if (right === undefined) return "removed";
  if (left.file !== right.file || left.version !== right.version) return "changed";
  return left.token === right.token ? null : "re-encrypted";
}

function versionOf(reference: Reference | undefined): SecretVersion | null {
  return reference === undefined ? null : { file: reference.file, version: reference.version };
}
