import { diagnosticOf, isLotseError, type Diagnostic } from "../../kernel/index.ts";
import { formatPath, type Path } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";
import { suggest } from "../model/spelling.ts";
import type { Policy } from "../schema/policy.ts";
import { coerceEntry } from "./import.ts";
import { environmentVariables, variableFinder } from "./names.ts";
import {
  hasKeyInDsn,
  hasPasswordInAddress,
  isPlaceholder,
  isSecretVariable,
  secretPlaceholder,
} from "./placeholder.ts";
import type { DotenvEntry } from "./reader.ts";

/**
 * Checks a `.env` file that is kept in the repository against the schema: `dotenv.unknown` (a warning),
 * `dotenv.placeholder` for anything that may be a secret in plain text, `schema.coercion` for values of the
 * wrong type, and `dotenv.missing` for variables that are not there. Findings come in the file's order, then
 * the missing ones in the schema's. No message holds a value that may be a secret.
 */
export function checkDotenv(
  source: TextSource,
  entries: readonly DotenvEntry[],
  policy: Policy | undefined,
): readonly Diagnostic[] {
  const find = variableFinder(policy);
  const variables = environmentVariables(policy);
  const names = variables.map((variable) => variable.name);
  const present = new Set(entries.map((entry) => entry.name));
  const found: Diagnostic[] = [];
  for (const entry of entries) {
    const target = find(entry.name);
    if (target === undefined) found.push(unknownVariable(source, entry, names));
    found.push(...checkValue(source, entry, target?.path, target?.policy));
  }
  for (const { name, path } of variables) {
    if (!present.has(name)) found.push(missingVariable(source, name, path));
  }
  return found;
}

function checkValue(
  source: TextSource,
  entry: DotenvEntry,
  path: Path | undefined,
  policy: Policy | undefined,
): readonly Diagnostic[] {
  if (isPlaceholder(entry.value)) return [];
  if (isSecretVariable(entry.name, policy)) return [secretInPlainText(source, entry, path, "something")];
  if (hasPasswordInAddress(entry.value) || hasKeyInDsn(entry.name, entry.value)) {
    return [secretInPlainText(source, entry, path, "an address with a password")];
  }
  if (path === undefined) return [];
  try {
    coerceEntry(source, entry, path, policy);
    return [];
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return [diagnosticOf(error)];
  }
}

function secretInPlainText(
  source: TextSource,
  entry: DotenvEntry,
  path: Path | undefined,
  what: string,
): Diagnostic {
  const place = source.where(entry.offset);
  return {
    code: "dotenv.placeholder",
    severity: "error",
    message: `${entry.name} holds ${what} that is no placeholder`,
    hint: `put the secret into the secret store and ${secretPlaceholder} here; if it was real, change it`,
    where: path === undefined ? place : { ...place, path: formatPath(path) },
  };
}

function unknownVariable(source: TextSource, entry: DotenvEntry, names: readonly string[]): Diagnostic {
  return {
    code: "dotenv.unknown",
    severity: "warning",
    message: `the schema names no variable ${entry.name}`,
    hint: suggest(entry.name, names),
    where: source.where(entry.nameOffset),
  };
}

function missingVariable(source: TextSource, name: string, path: Path): Diagnostic {
  return {
    code: "dotenv.missing",
    severity: "error",
    message: `the variable ${name} is missing`,
    hint: `add ${name}= with a value or a placeholder`,
    where: { file: source.file, path: formatPath(path) },
  };
}
