import { looksLikeWords } from "./entropy.ts";
import { isPlaceholder } from "./placeholder.ts";
import { rotate, type Rule, type Source, type Stretch } from "./rule.ts";

const header = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/gu;

/** How long a key may be, in characters; those of RSA with 16,384 bits have some 12,000. */
const maxBodyLength = 32_768;

/** How much is looked at where the end is missing, as in a block that was cut. */
const cutLength = 400;

/** Headers such as `Proc-Type` and `Comment` may come before the key itself. */
const maxHeaderLength = 1000;

/**
 * Finds private keys in PEM, as OpenSSH and OpenPGP write them as well; also within JSON and source code, where
 * line breaks are escaped. Only the key itself counts: a header alone, or one before an ellipsis, passes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7468
 */
export const privateKeyRule: Rule = {
  id: "private-key",
  severity: "error",
  message: "a private key stands here",
  hint: rotate,
  inLockFiles: true,
  anchors: ["PRIVATE KEY"],
  find,
};

function* find({ text }: Source): Iterable<Stretch> {
  for (const match of text.matchAll(header)) {
    const from = match.index + match[0].length;
    const end = text.slice(from, from + maxBodyLength).indexOf("-----END");
    const body = text.slice(from, from + (end === -1 ? cutLength : end));
    const first = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{30,}/u.exec(body.replaceAll(/\\[nrt]/gu, "  "));
    if (first === null || first.index > maxHeaderLength) continue;
    if (isPlaceholder(first[0]) || looksLikeWords(first[0]) || new Set(first[0]).size < 8) continue;
    yield { start: from + first.index, end: from + body.trimEnd().length };
  }
}
