import { quoteShell } from "../../kernel/index.ts";
import { revealValue, unrepresentable, type InjectedVariable } from "./variable.ts";

/**
 * Which readers a `.env` file is written for.
 *
 * - `portable`: POSIX `sh`, Node's `--env-file`, npm dotenv and Compose v2 read it alike. Refuses what they
 *   read differently.
 * - `compose`: `.env` and `env_file` of Docker Compose v2, which interpolates `$` outside of single quotes.
 *   Every value can be written.
 * - `raw`: `env_file` with `format: raw` (Compose 2.30 and later) and `docker run --env-file`: what follows `=`
 *   is the value, quotes and all. Refuses line ends.
 * - `sh`: for `. FILE` in a shell. Every value can be written.
 *
 * @see https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/
 * @see https://docs.docker.com/reference/compose-file/services/#env_file
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 */
export type DotenvDialect = "portable" | "compose" | "raw" | "sh";

/** Writes one variable as a line (or several, for a text in quotes), without the line end after it. */
export type FormatLine = (variable: InjectedVariable) => string;

/** Readers of the raw format scan lines with a buffer of 64 KiB. */
const maxRawLineBytes = 65_535;

/** What every reader takes as it stands, without quotes. */
const bare = /^[A-Za-z0-9_./:@%+,=-]*$/u;

/**
 * The writer of a dialect.
 *
 * @returns a function that throws LotseError `secret.unrepresentable` for a value the dialect cannot hold
 */
export function lineWriter(dialect: DotenvDialect): FormatLine {
  return writers[dialect];
}

const writers: Readonly<Record<DotenvDialect, FormatLine>> = {
  portable: (variable) => assign(variable, portable),
  compose: (variable) => assign(variable, compose),
  raw: rawLine,
  sh: (variable) => assign(variable, quoteShell),
};

function assign(
  variable: InjectedVariable,
  write: (value: string, variable: InjectedVariable) => string,
): string {
  const value = revealValue(variable);
  return `${variable.name}=${bare.test(value) ? value : write(value, variable)}`;
}

function portable(value: string, variable: InjectedVariable): string {
  const hint =
    "use another dialect (compose, raw or sh) for the one program that reads it, or encode it in base64";
  if (value.includes("\r")) throw unrepresentable(variable, "has a carriage return", hint);
  // A backslash before the closing quote ends the value for some readers and escapes the quote for others.
  if (!value.includes("'") && !value.endsWith("\\")) return `'${value}'`;
  if (!/["$`\\]/u.test(value)) return `"${value}"`;
  const why = "has quotes and special characters in a mix that .env readers do not read alike";
  throw unrepresentable(variable, why, hint);
}

function compose(value: string): string {
  if (!/['\\\r]/u.test(value)) return `'${value}'`;
  const escaped = value
    .replaceAll(/[\\"$]/gu, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return `"${escaped}"`;
}

function rawLine(variable: InjectedVariable): string {
  const value = revealValue(variable);
  if (/[\r\n]/u.test(value))
    throw unrepresentable(variable, "has a line end, which the raw format cannot hold");
  const line = `${variable.name}=${value}`;
  if (Buffer.byteLength(line) > maxRawLineBytes) {
    throw unrepresentable(variable, `makes a line of more than ${maxRawLineBytes} bytes`);
  }
  return line;
}
