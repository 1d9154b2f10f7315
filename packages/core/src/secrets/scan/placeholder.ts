/** Values that stand for a secret to be filled in, or refer to one that is kept elsewhere. */
const references: readonly RegExp[] = [
  /^<[^<>]*>$/u,
  /^\[[^[\]]*\]$/u,
  /^\$?\{.*\}$/su, // ${secret:…}, {{ … }}, {name}
  /\$\{[^}]*\}|\{\{.*?\}\}|<[a-z][\w -]*>|\$\([^)]*\)/isu,
  /^\$[a-z_]\w*$/iu,
  /^%\(?\w+\)?[s%]$/u,
  /^@\w+@$/u,
  /^ENC\[AES256_GCM,/u, // https://getsops.io/docs/
  /^(?:vault|secret|ref\+\w+|op|env|file|arn|awssm|keyring|sops|gcpsm|azurekv):/iu,
  /^(?:process\.env|os\.environ|os\.getenv|import\.meta\.env|env|getenv|System\.getenv)\b/u,
];

/** Words that nobody has in a real secret, but everybody in an example. */
const fillers =
  /change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this|with)|your[-_ ]|example|placeholder|dummy|redacted|insert[-_ ]|not[-_ ]?a[-_ ]?(?:real|secret)|no[-_ ]?secret|fake|sample|to[-_ ]?do|fixme|censored|masked|lorem|ipsum|foo[-_]?bar|hunter2|deadbeef|correct[-_ ]?horse/iu;

/** What stands alone where a secret would, in examples and defaults. */
const defaults =
  /^(?:(?:some|my|the|a|super|db|app)[-_ ]?)?(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|api[-_]?key|user(?:name)?|admin|root|guest|test(?:ing)?|none|null|nil|undefined|true|false|postgres|mysql|redis|minio(?:admin)?|rabbitmq|string|value|hidden|empty|optional|required)[\d!]{0,4}$/iu;

const runs =
  "0123456789012345678901234567890 abcdefghijklmnopqrstuvwxyzabcdef 0123456789abcdef0123456789abcdef";

/**
 * Whether a value is no secret but a place for one: empty, `change-me`, `<token>`, `${…}`, `{{…}}`, `xxxx`, a
 * value that sops has encrypted, a reference to another store, or an example from public documentation, such as
 * `AKIAIOSFODNN7EXAMPLE`.
 */
export function isPlaceholder(value: string): boolean {
  return isFiller(value) || defaults.test(value.trim());
}

/** As {@link isPlaceholder}, but `postgres`, `admin123` and other defaults that work somewhere are none. */
export function isFiller(value: string): boolean {
  const trimmed = value.trim();
  if (trimmed.length === 0) return true;
  return (
    references.some((reference) => reference.test(trimmed)) ||
    fillers.test(trimmed) ||
    isMonotonous(trimmed) ||
    runs.includes(trimmed.toLowerCase())
  );
}

/** Whether a text is filled up with one or two characters, such as `xxxx-xxxx`, or repeats a short part. */
function isMonotonous(value: string): boolean {
  if (new Set(value.toLowerCase()).size <= 2) return true;
  return value.length >= 8 && /^(.{1,4})\1+.{0,3}$/su.test(value);
}
