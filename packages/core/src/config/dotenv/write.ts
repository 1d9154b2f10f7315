import type { Path } from "../model/path.ts";

/** How a value is written: the fewer quotes, the more programs read it alike. */
export type DotenvForm = "bare" | "single" | "double" | "escaped";

/**
 * The form that most readers understand for a value.
 *
 * `bare`, `single` and `double` are read alike by Node's `--env-file`, the npm package dotenv and a POSIX
 * shell; `escaped` needs the escapes of this dialect, which Node does not know.
 */
export function formOf(value: string): DotenvForm {
  if (/^[A-Za-z0-9_@%+=:,./-]*$/u.test(value)) return "bare";
  if (!value.includes("'") && !value.includes("\r")) return "single";
  if (!/["\\$`\r]/u.test(value)) return "double";
  return "escaped";
}

const head =
  "# Written by Lotse. Dialect: as Node --env-file, npm dotenv and sh read it, unless a line says otherwise.\n";

/**
 * Writes variables as a `.env` file that `parseDotenv` reads back exactly.
 *
 * @param variables - values without NUL
 */
export function writeDotenv(variables: ReadonlyMap<string, string>): string {
  return head + [...variables].map(([name, value]) => writeEntry(name, value)).join("");
}

function writeEntry(name: string, value: string): string {
  const form = formOf(value);
  switch (form) {
    case "bare":
      return `${name}=${value}\n`;
    case "single":
      return `${name}='${value}'\n`;
    case "double":
      return `${name}="${value}"\n`;
    case "escaped":
      return `# The next value needs escapes, which not every reader knows.\n${name}="${escape(value)}"\n`;
    default:
      return form satisfies never;
  }
}

function escape(value: string): string {
  return value.replaceAll(/["\\$`]/gu, String.raw`\$&`).replaceAll("\r", String.raw`\r`);
}

/** The name of a path that the schema gives none: its parts in capitals, with two underscores between. */
export function variableName(path: Path): string {
  const name = path.map((part) => part.replaceAll(/[^A-Za-z0-9]/gu, "_").toUpperCase()).join("__");
  return /^\d/u.test(name) ? `_${name}` : name;
}
