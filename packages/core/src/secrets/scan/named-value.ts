import { looksGenerated, looksLikePassword } from "./entropy.ts";
import { isPlaceholder } from "./placeholder.ts";
import type { Rule, Source, Stretch } from "./rule.ts";

/** Names that tell of a secret. */
const telling =
  /passw(?:or)?d|passphrase|kennwort|passwort|pwd|secret|token|credential|dsn|(?:api|access|account|private|signing|encryption|auth|master|service|session|license|shared|app|client)[-_. ]?key|bearer/giu;

/** What a name goes on with when it holds something about a secret and not the secret. */
const aboutSecret =
  /(?:id|ids|name|names|file|path|dir|url|uri|ref|reference|type|kind|ttl|expires?|expiry|expiration|length|size|count|limit|env|var|header|prefix|suffix|regex|pattern|endpoint|host|issuer|audience|format|schema|label|field|hint|message|title|description|policy|store|provider|engine|backend|manager|version|algorithm|alg|scope|scopes|param|parameter|hash|digest|sha\d*|checksum|fingerprint|integrity|public|at|in|class|arn|alias|usage|index|status|state|error|code|mode|rule|template|selector|mount|volume|key_?ref|s)$/iu;

/** Names of hashes and the like, which are random and public. */
const publicRandom =
  /sha-?\d|md5|digest|integrity|checksum|hash|etag|commit|revision|fingerprint|public|uuid|guid|nonce|csrf_?name/iu;

/** Values that are random to look at and public. */
const publicValues: readonly RegExp[] = [
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu, // UUID
  /^sha\d{1,3}[-:]/iu,
  /^(?:ssh-|ecdsa-|age1|pk_|[0-9A-F]{40}$)/u,
  /^data:/u,
  /^[a-z]+\d{0,2}(?:[._/-][a-z]+\d{0,2})+$/u, // words, as in names of files, packages and keys
  /^[a-z][a-z0-9+.-]*:\/\/[^@]*$/iu, // an address; with a password in it, it is another rule's
  /^(?:\.{0,2}|~)\/[\w./-]*$/u,
  /^\d{4}-\d{2}-\d{2}/u,
  /^#[0-9a-f]{3,8}$/iu,
  /^v?\d+(?:\.\d+){1,3}/u,
];

/** Files of programs, where only what stands in quotes is a value. */
const codeFile =
  /\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|kts|scala|swift|cs|fs|php|c|h|cc|cpp|hpp|m|dart|ex|exs|erl|lua|pl|r|vue|svelte|tf|hcl|html?|css|md|mdx|rst|txt|sql|j2|jinja2?|graphql|proto)$/iu;

const separator =
  /["'\]]?[ \t]{0,8}(?::[ \t]{0,4}[\w<>[\]| ]{0,40}[ \t]{0,4}=|:=|=>|==?|:)[ \t]{0,8}(?:[a-z]{1,2}(?=["'`]))?/iuy;
const rest = /[\w.-]{0,40}/uy;
const quoted = /(["'`])((?:(?!\1)[^\\\n]|\\.){1,512})\1/uy;
const bare = /[^\s"'`,;#)}\]({[<>\\]{8,512}(?=[\s,;#]|$)/uy;

/** Names such as `password`, where a value chosen by a person counts too. */
const chosen = /passw(?:or)?d|passphrase|kennwort|passwort|pwd/iu;

/**
 * Finds values that look generated, or like a password, where the name before them tells of a secret: in YAML,
 * JSON, env and INI files, and in assignments of programs.
 */
export const namedValueRule: Rule = {
  id: "named-value",
  severity: "error",
  message: "a value that looks like a secret stands behind a name that tells of one",
  hint: "keep it with lotse secrets set and refer to it as ${secret:…}; if it is no secret, accept it in the baseline with a reason",
  inLockFiles: false,
  anchors: [],
  find,
};

function* find(source: Source): Iterable<Stretch> {
  const { text } = source;
  const isCode = codeFile.test(source.file);
  for (const match of text.matchAll(telling)) {
    const found = valueAfter(text, match.index + match[0].length, isCode);
    if (found === undefined) continue;
    const { name, value, start } = found;
    if (isAboutSecret(name) || publicRandom.test(before(text, match.index) + name)) continue;
    if (!isSecretLike(value, chosen.test(match[0]))) continue;
    // Manifests of secret files tell digests of ciphertexts, which look like nothing else.
    if (source.file.endsWith(".manifest.json") && /^[0-9a-f]{16,64}$/u.test(value)) continue;
    yield { start, end: start + value.length };
  }
}

interface Assigned {
  /** What the name goes on with. */
  readonly name: string;
  readonly value: string;
  readonly start: number;
}

function valueAfter(text: string, index: number, isCode: boolean): Assigned | undefined {
  const name = sticky(rest, text, index)?.[0] ?? "";
  const between = sticky(separator, text, index + name.length);
  if (between === null) return undefined;
  const from = index + name.length + between[0].length;
  const inQuotes = sticky(quoted, text, from);
  if (inQuotes !== null) return { name, value: inQuotes[2] as string, start: from + 1 };
  if (isCode) return undefined;
  const plain = sticky(bare, text, from)?.[0];
  return plain === undefined ? undefined : { name, value: plain, start: from };
}

/** Runs a sticky pattern at an index; its `lastIndex` is set before every use, so nothing is carried over. */
function sticky(pattern: RegExp, text: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(text);
}

/** The part of a name before its telling word. */
function before(text: string, index: number): string {
  return /[\w.-]{0,40}$/u.exec(text.slice(Math.max(0, index - 40), index))?.[0] ?? "";
}

function isAboutSecret(rest: string): boolean {
  return rest !== "" && aboutSecret.test(rest);
}

function isSecretLike(value: string, isChosen: boolean): boolean {
  if (/\s/u.test(value) || isPlaceholder(value)) return false;
  if (publicValues.some((pattern) => pattern.test(value))) return false;
  // Expressions and templates: a call, an index, a format, a path of names.
  if (/[()[\]{}<>]|\$[A-Z_]|::|=>/u.test(value))
    return isChosen && looksLikePassword(value) && !/\w\(|\]\.|\}\}|\$\{/u.test(value);
  return looksGenerated(value) || (isChosen && looksLikePassword(value));
}
