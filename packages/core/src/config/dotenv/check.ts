import { diagnosticOf, isLotseError, type Diagnostic } from "../../kernel/index.ts";
import { formatPath } from "../model/path.ts";
import { suggest } from "../model/spelling.ts";
import type { TextSource } from "../model/source.ts";
import { coerceText } from "../schema/coercion.ts";
import type { Policy } from "../schema/policy.ts";
import type { DotenvEntry } from "./parse.ts";
import { declaredVariables, type DeclaredVariable } from "./variables.ts";

const placeholder =
  /^(?:__.*__|<.*>|\$\{.*\}|.*(?:change[-_ ]?me|replace[-_ ]?(?:me|this)|place[-_ ]?holder|your[-_ ]).*|x{3,}|todo|example.*|dummy.*)$/isu;
const tellingName = /(?:PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|(?:^|_)(?:API|ACCESS|SIGNING|ENCRYPTION|ROUTING)?_?KEY$)/u;
const credentials = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/iu;

/** Whether a text stands for a value that is put in elsewhere. */
export function isPlaceholder(text: string): boolean {
  return text === "" || placeholder.test(text);
}

/**
 * Checks a `.env` file that is kept in the repository: it has the variables that the schema names and no
 * others, they can be read as their types, and what is secret holds a placeholder. No value of a secret gets
 * into a message.
 */
export function checkDotenv(source: TextSource, entries: readonly DotenvEntry[], policy: Policy): readonly Diagnostic[] {
  const declared = declaredVariables(policy);
  const byName = new Map(declared.map((variable) => [variable.name, variable]));
  const present = new Set(entries.map(({ name }) => name));
  const missing = declared.filter(({ name }) => !present.has(name)).map((variable) => missingFinding(source, variable));
  return [...entries.flatMap((entry) => checkEntry(source, entry, byName)), ...missing];
}

function checkEntry(source: TextSource, entry: DotenvEntry, declared: ReadonlyMap<string, DeclaredVariable>): readonly Diagnostic[] {
  const variable = declared.get(entry.name);
  const path = variable === undefined ? entry.name : formatPath(variable.path);
  const where = { ...source.where(entry.offset), path };
  const found: Diagnostic[] = [];
  if (variable === undefined) {
    found.push({
      code: "dotenv.unknown",
      severity: "warning",
      message: `the schema names no variable ${entry.name}`,
      hint: suggest(entry.name, [...declared.keys()]),
      where: { ...source.where(entry.nameOffset), path },
    });
  }
  if (isPlaceholder(entry.value)) return found;
  if (isSecret(entry, variable)) {
    found.push({
      code: "dotenv.placeholder",
      severity: "error",
      message: `${entry.name} holds something other than a placeholder`,
      hint: "write __set_in_secret_store__ or ${secret:…}; if this was a real secret, rotate it",
      where,
    });
  } else if (variable !== undefined) found.push(...coercionFindings(source, entry, variable));
  return found;
}

function isSecret({ name, value }: DotenvEntry, variable: DeclaredVariable | undefined): boolean {
  const inUrl = credentials.exec(value)?.[1];
  if (inUrl !== undefined && !isPlaceholder(inUrl)) return true;
  return variable === undefined ? tellingName.test(name) : variable.policy.secret;
}

function coercionFindings(source: TextSource, entry: DotenvEntry, variable: DeclaredVariable): readonly Diagnostic[] {
  try {
    coerceText({ text: entry.value, source, offset: entry.offset }, variable.policy, formatPath(variable.path));
    return [];
  } catch (error) {
    if (isLotseError(error)) return [diagnosticOf(error)];
    throw error;
  }
}

function missingFinding(source: TextSource, { name, path }: DeclaredVariable): Diagnostic {
  return {
    code: "dotenv.missing",
    severity: "error",
    message: `${name} is missing`,
    hint: `the schema names it for ${formatPath(path)}; lotse config env example adds it`,
    where: { file: source.file, path: formatPath(path) },
  };
}
