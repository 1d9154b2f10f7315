import { LotseError } from "../../kernel/index.ts";
import type { Release } from "../release.ts";
import { checkEnvelope, type SignatureCheck } from "./statement.ts";

/** A key whose signatures count. */
export interface ReleaseSigner {
  readonly name: string;
  /** `ed25519:` and the public key in base64. */
  readonly key: string;
  /** Only for these; all if left out. */
  readonly environments?: readonly string[] | undefined;
}

/** Whose signatures count, and how one is checked. */
export interface Trust {
  /** None: every release counts, signed or not. */
  readonly signers: readonly ReleaseSigner[];
  readonly check: SignatureCheck;
}

/** What a release's signature says. */
export interface SignatureReport {
  /** `unsigned`: there is none; `wrong`: it does not fit; `unknown`: by keys that do not count. */
  readonly state: "trusted" | "unknown" | "unsigned" | "wrong";
  /** The public keys that signed. */
  readonly keys: readonly string[];
  /** The names of the signers among them that count. */
  readonly signers: readonly string[];
  /** Why it may not be deployed; null where it may. */
  readonly problem: string | null;
}

/**
 * Looks at a release's signature.
 *
 * @param envelope - as it is stored; null where there is none
 * @param environment - where it is going to be deployed; without it, a signer of any environment counts
 */
export function reportSignature(
  release: Release,
  envelope: string | null,
  trust: Trust,
  environment?: string,
): SignatureReport {
  const listed = trust.signers.length > 0;
  if (envelope === null) {
    const problem = listed ? "it is not signed" : null;
    return { state: "unsigned", keys: [], signers: [], problem };
  }
  const checked = checkEnvelope(envelope, release, trust.check);
  if (!checked.ok) return { state: "wrong", keys: [], signers: [], problem: checked.problem };
  const { keys } = checked;
  const known = trust.signers.filter(({ key }) => keys.includes(key));
  const counting = known.filter(
    ({ environments }) =>
      environment === undefined || environments === undefined || environments.includes(environment),
  );
  const signers = counting.map(({ name }) => name);
  if (signers.length > 0) return { state: "trusted", keys, signers, problem: null };
  if (!listed) return { state: "unknown", keys, signers, problem: null };
  const problem =
    known.length > 0
      ? `${known.map(({ name }) => name).join(", ")} may not sign for ${environment}`
      : "it is signed by a key that lotse.yml does not list";
  return { state: "unknown", keys, signers, problem };
}

/** The error for a release that may not be deployed because of its signature. */
export function signatureError(release: Release, problem: string): LotseError {
  return new LotseError({
    code: "release.signature",
    message: `release ${release.version} ${release.id.slice(0, 12)} cannot be trusted: ${problem}`,
    hint: "let somebody listed under secrets.signers in lotse.yml look at it with `lotse release diff`, and sign it with `lotse release sign`",
  });
}
