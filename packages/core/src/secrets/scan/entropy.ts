/**
 * Shannon's entropy of a text, in bits for each character, from how often each character stands in it.
 *
 * @see https://doi.org/10.1002/j.1538-7305.1948.tb01338.x
 */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = text.length;
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0);
}

/**
 * Whether a text is put together from words, as names, paths and sentences are: cut at everything but letters
 * and at capitals, its parts are long. Random characters fall into parts of one or two letters.
 */
export function looksLikeWords(text: string): boolean {
  const letters = text.replaceAll(/[^\p{L}]/gu, "").length;
  if (letters < text.length * 0.6) return false;
  const parts = text
    .split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((part) => part !== "");
  return letters / parts.length >= 3.6 && parts.every(isPronounceable);
}

const vowels = "aeiouyäöüáéíóúàèìòùâêîôûæøå";
const hasVowel = new RegExp(`[${vowels}]`, "iu");
const manyVowels = new RegExp(`[${vowels}]{5}`, "iu");
const manyConsonants = new RegExp(`[^${vowels}]{7}`, "iu");

/** Whether letters alternate about as they do in European languages, or are an abbreviation. */
function isPronounceable(part: string): boolean {
  return part.length <= 4 || (hasVowel.test(part) && !manyVowels.test(part) && !manyConsonants.test(part));
}

/** Whether a text is random enough, for its alphabet and length, to be a generated key. */
export function looksGenerated(text: string): boolean {
  if (text.length < 16 || looksLikeWords(text)) return false;
  if (/^[0-9]+$/u.test(text)) return false;
  if (/^[0-9a-f]+$/iu.test(text)) return entropyOf(text) >= 3;
  if (!/[0-9]/u.test(text) && !/[a-z][A-Z]{2}|[A-Z][a-z][A-Z]/u.test(text)) return false;
  return entropyOf(text) >= (text.length < 24 ? 3.3 : 3.7);
}

/** Whether a shorter text mixes kinds of characters as a password does. */
export function looksLikePassword(text: string): boolean {
  if (text.length < 8 || looksLikeWords(text)) return false;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}]/u].filter((kind) => kind.test(text));
  return kinds.length >= 3 && entropyOf(text) >= 2.5;
}
