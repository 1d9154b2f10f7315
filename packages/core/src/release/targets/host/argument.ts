import { LotseError } from "../../../kernel/index.ts";

// The remote shell reads the words of an ssh command again, so none may mean anything to it.
const safe = /^[A-Za-z0-9_/][A-Za-z0-9._/:@-]{0,511}$/u;

/**
 * Checks words of a command that a remote shell will read: letters, digits and `._/:@-`, or a single `-`.
 *
 * @throws LotseError `target.refused` naming the first that is not safe
 */
export function checkWords(words: readonly string[]): readonly string[] {
  const bad = words.find((word) => word !== "-" && !safe.test(word));
  if (bad === undefined) return words;
  throw new LotseError({
    code: "target.refused",
    message: `${JSON.stringify(bad.slice(0, 80))} cannot be passed to a host`,
    hint: "names are letters, digits, dots, dashes and underscores",
  });
}
