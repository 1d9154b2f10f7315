import { readFileSync } from "node:fs";

/**
 * Reads the resolved configuration, as JSON.
 *
 * @param {string | undefined} file path of the file (LOTSE_CONFIG)
 * @returns {Record<string, any>}
 * @throws {Error} when no path is given, the file cannot be read, or it holds no JSON object; the message names the path
 */
export function readConfig(file) {
  if (!file) throw new Error("LOTSE_CONFIG is not set: it is the path of the resolved configuration");
  let parsed;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`cannot read the configuration ${file}`, { cause });
  }
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) {
    throw new Error(`the configuration ${file} is not a JSON object`);
  }
  return parsed;
}

/**
 * A whole number from a text, or `null` where it is none within the bounds.
 *
 * @param {string | null | undefined} text
 * @param {number} min
 * @param {number} max
 * @returns {number | null}
 */
export function wholeNumber(text, min, max) {
  if (!/^\d{1,9}$/.test(text ?? "")) return null;
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}

/** The variables that carry a secret, as the schema names them with x-env. */
const secretVariables = [
  "JWT_SECRET_KEY",
  "OIDC_CLIENT_SECRET",
  "OPENAI_API_KEY",
  "POSTGRES_PASSWORD",
  "REDIS_PASSWORD",
  "SECRET_KEY",
  "SENTRY_DSN",
  "SPOTIFY_API_KEY",
];

/** Which secrets the process was given: their names, so that an operator sees what is missing. */
export function secretNames(env) {
  return secretVariables.filter((name) => (env[name] ?? "") !== "");
}
