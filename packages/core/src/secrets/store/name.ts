import { LotseError } from "../../kernel/index.ts";

/** The keys that lead to a secret inside a file, from the root. */
export type SecretPath = readonly string[];

const part = /^[A-Za-z0-9_-]{1,200}$/u;
const maxParts = 32;

/**
 * Reads a secret's name, such as `spotify.api_key`.
 *
 * @throws LotseError `secret.name`
 */
export function parseSecretName(name: string): SecretPath {
  const path = name.split(".");
  if (path.length <= maxParts && path.every((key) => part.test(key) && key !== "__proto__")) return path;
  throw new LotseError({
    code: "secret.name",
    message: `${JSON.stringify(name.slice(0, 80))} is not the name of a secret`,
    hint: "write keys of letters, digits, _ and -, with dots between them: spotify.api_key",
  });
}

/** The name of a path. */
export function formatSecretName(path: SecretPath): string {
  return path.join(".");
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
