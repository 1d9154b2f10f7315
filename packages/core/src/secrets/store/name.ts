import { LotseError } from "../../kernel/index.ts";

/** The keys that lead to a secret inside a file, from the root. */
export type SecretPath = readonly string[];

/** A key that stands in a name as it is; any other stands in double quotes, with the escapes of JSON. */
const plainPart = /^[A-Za-z0-9_-]{1,200}$/u;
const maxParts = 32;
const maxLength = 4096;

/**
 * Reads a secret's name, such as `spotify.api_key`. A key that holds a dot, or anything else than letters,
 * digits, `_` and `-`, stands in double quotes: `"api.example.com".token`.
 *
 * @throws LotseError `secret.name`
 */
export function parseSecretName(name: string): SecretPath {
  const path = name.length > maxLength ? null : partsOf(name);
  if (path !== null && path.length <= maxParts && !path.includes("__proto__")) return path;
  throw new LotseError({
    code: "secret.name",
    message: `${JSON.stringify(name.slice(0, 80))} is not the name of a secret`,
    hint: 'write keys of letters, digits, _ and -, with dots between them, and others in double quotes: spotify.api_key, "api.example.com".token',
  });
}

function partsOf(name: string): readonly string[] | null {
  const part = /([A-Za-z0-9_-]{1,200}|"(?:[^"\\]|\\.){0,4096}")(\.|$)/uy;
  const parts: string[] = [];
  for (;;) {
    const [whole, text = "", end] = part.exec(name) ?? [];
    const key = text.startsWith('"') ? unquoted(text) : text;
    if (whole === undefined || key === null) return null;
    parts.push(key);
    if (end === "") return parts;
  }
}

function unquoted(text: string): string | null {
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The name of a path; {@link parseSecretName} reads it back. */
export function formatSecretName(path: SecretPath): string {
  return path.map((key) => (plainPart.test(key) ? key : JSON.stringify(key))).join(".");
}

/** Whether a name has no key in quotes, so that a file can be called by it. */
export function isPlainName(path: SecretPath): boolean {
  return path.every((key) => plainPart.test(key));
}

/**
 * The name that a reference `${secret:PATH#FIELD}` asks for: slashes and the `#` count as dots.
 *
 * @throws LotseError `secret.name`
 */
export function nameOfReference(reference: {
  readonly path: string;
  readonly field: string | undefined;
}): string {
  const { path, field } = reference;
  return formatSecretName(
    parseSecretName([path.replaceAll("/", "."), ...(field === undefined ? [] : [field])].join(".")),
  );
}

/** The variable's name that a secret has in a `.env` file: `SPOTIFY_API_KEY`. */
export function variableOfName(path: SecretPath): string {
  return path.join("_").toUpperCase().replaceAll("-", "_");
}
