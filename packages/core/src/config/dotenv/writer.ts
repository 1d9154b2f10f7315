import { LotseError } from "../../kernel/index.ts";
import { isForbiddenKey } from "../model/path.ts";

/** A value as it stands behind `NAME=`. */
export interface WrittenValue {
  readonly text: string;
  /** Why not every reader of the common subset reads it alike; `undefined` where they all do. */
  readonly beyond: string | undefined;
}

const header =
  "# .env, dialect lotse: Node --env-file, npm dotenv and POSIX sh read it alike,\n" +
  "# except where a comment says otherwise\n";

/**
 * Writes variables as a `.env` file that {@link parseDotenv} reads back exactly. Each value takes the most
 * widely agreed form that holds it, and a comment stands before those that some readers read differently.
 * Sourced by sh, the file never runs anything.
 *
 * @throws LotseError `dotenv.unrepresentable` for a bad name and for a value with NUL or half a surrogate pair
 */
export function writeDotenv(variables: ReadonlyMap<string, string>): string {
  let text = header;
  for (const [name, value] of variables) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/u.test(name) || isForbiddenKey(name)) {
      throw unrepresentable(`"${name}" is no name for a variable`, "use letters, digits and _");
    }
    if (value.includes("\0")) {
      throw unrepresentable(`the value of ${name} has a NUL character`, "encode it, for example in base64");
    }
    if (!value.isWellFormed()) {
      throw unrepresentable(
        `the value of ${name} has half a surrogate pair`,
        "encode it, for example in base64",
      );
    }
    const written = writeValue(value);
    if (written.beyond !== undefined) text += `# ${name} ${written.beyond}\n`;
    text += `${name}=${written.text}\n`;
  }
  return text;
}

/**
 * Writes one value: bare, else in single quotes, else in double quotes, else in double quotes with escapes.
 * npm dotenv takes a backslash before any quote for an escape; where that cannot be helped,
 * a comment that ends in the same quote keeps the damage to the line.
 *
 * @param value - a text without NUL
 */
export function writeValue(value: string): WrittenValue {
  if (/^[A-Za-z0-9_./:@%+,=?-]*$/u.test(value)) return { text: value, beyond: undefined };
  const endsInBackslash = value.endsWith("\\");
  if (!/['\r]/u.test(value)) {
    if (!endsInBackslash) return { text: `'${value}'`, beyond: undefined };
    const beyond = "ends in a backslash, which npm dotenv does not read like Node and sh";
    return { text: `'${value}' #'`, beyond };
  }
  if (!/["$`\\\r]/u.test(value)) return { text: `"${value}"`, beyond: undefined };
  const escaped = value
    .replaceAll(/[\\"$`]/gu, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return {
    text: endsInBackslash ? `"${escaped}" #"` : `"${escaped}"`,
    beyond: "needs escapes, which readers of other dialects than lotse may leave as they are",
  };
}

function unrepresentable(message: string, hint: string): LotseError {
  return new LotseError({ code: "dotenv.unrepresentable", message, hint });
}
