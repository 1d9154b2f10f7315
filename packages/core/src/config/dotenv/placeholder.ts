import type { Policy } from "../schema/policy.ts";

/** What stands in an example file where a secret belongs. */
export const secretPlaceholder = "__set_in_secret_store__";

/**
 * What may stand in place of a secret, without regard to case: nothing, `__…__`, `<…>`, `${…}` (without a
 * default, so not `${NAME:-text}`), `changeme`, `change-me`, `placeholder`, `todo`, and what begins with
 * `replace`, `xxx` or `example`.
 */
const placeholders: readonly RegExp[] = [
  /^$/u,
  /^__[^\r\n]*__$/u,
  /^<[^<>\r\n]*>$/u,
  /^\$\{(?!\w+:?[-=?+])[^{}\r\n]*\}$/u,
  /^(?:changeme|change-me|placeholder|todo)$/iu,
  /^(?:replace|xxx|example)[^\r\n]*$/iu,
];

/** Whether a text is a placeholder: empty, `__…__`, `<…>`, `${…}`, `changeme` and the like. */
export function isPlaceholder(text: string): boolean {
  const trimmed = text.trim();
  return placeholders.some((pattern) => pattern.test(trimmed));
}

/** Last parts of a name that speak of a secret without being one, as in `PASSWORD_MIN_LENGTH`. */
const about =
  /(?:^|_)(?:FILE|PATH|NAME|KEY_ID|TYPE|ALGORITHM|HEADER|LENGTH|MIN|MAX|COUNT|LIMIT|TTL|LIFETIME|EXPIRY|MS|SECONDS|MINUTES|HOURS|DAYS)$/iu;

/** Whether a variable's name tells that it holds a secret. */
export function tellsOfSecret(name: string): boolean {
  if (about.test(name) || /(?:^|_)(?:PUBLIC_KEYS?|(?:MAX|MIN|TOTAL|NUM)_TOKENS)$/iu.test(name)) return false;
  return /PASSWORD|PASSPHRASE|SECRET|TOKEN|_KEY(?:_|S|$)|PRIVATE|CREDENTIAL/iu.test(name);
}

/**
 * Whether a variable holds a secret: the schema says so, or its name does. A name alone does not count where
 * the schema allows only other things than texts, as with `MAX_TOKENS`.
 */
export function isSecretVariable(name: string, policy: Policy | undefined): boolean {
  if (policy?.secret === true) return true;
  return (
    tellsOfSecret(name) && (policy === undefined || policy.types.size === 0 || policy.types.has("string"))
  );
}

/** Whether a DSN names a user, which is the key itself in those of error trackers: `https://key@host/1`. */
export function hasKeyInDsn(name: string, text: string): boolean {
  const user = /DSN$/iu.test(name) ? /:\/\/([^@/?#\s:]+)@/u.exec(text)?.[1] : undefined;
  return user !== undefined && !isPlaceholder(user);
}

/** Whether an address in the text carries a password that is no placeholder: `scheme://user:password@host`. */
export function hasPasswordInAddress(text: string): boolean {
  // A port looks like a password where an @ follows in the path: http://host:8080/@name.
  const address = /:\/\/[^:@/?#\s]*:(?!\d{1,5}(?:[/?#]|$))([^@\s]+)@/gu;
  return [...text.matchAll(address)].some(([, password = ""]) => !isPlaceholder(password));
}
