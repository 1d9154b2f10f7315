import { generateIdentity, identityToRecipient } from "age-encryption";
import { Sensitive } from "../../../kernel/index.ts";
import { ageOpener } from "../keys/age.ts";
import type { KeyOpener } from "../keys/port.ts";
import type { SealTools } from "../seal.ts";

/** A key pair for tests. */
export interface TestKey {
  readonly secret: string;
  readonly recipient: string;
  readonly opener: KeyOpener;
}

/** Makes an age key. */
export async function makeAgeKey(): Promise<TestKey> {
  const secret = await generateIdentity();
  return {
    secret,
    recipient: await identityToRecipient(secret),
    opener: await ageOpener(new Sensitive(secret), "a test"),
  };
}

/** A clock that stands still and bytes that look random and come again with the same seed. */
export function seededTools(seed = 1): SealTools {
  let state = seed;
  const next = (): number => {
    // xorshift32 (https://www.jstatsoft.org/article/view/v008i14); for tests only.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return {
    clock: () => new Date("2026-03-04T05:06:07.890Z"),
    randomBytes: (size) => Uint8Array.from({ length: size }, next),
  };
}
