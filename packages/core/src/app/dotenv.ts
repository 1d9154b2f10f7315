import { readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import {
  checkDotenv,
  decodeText,
  exportVariables,
  importVariables,
  parseDotenv,
  planExample,
  TextSource,
  writeDotenv,
  type MapNode,
  type Snapshot,
} from "../config/index.ts";
import { diagnosticOf, isLotseError, isSystemError, LotseError, type Diagnostic } from "../kernel/index.ts";
import type { Session } from "./session.ts";

/** An environment's variables, and the `.env` file that holds them. */
export interface ExportedEnv {
  readonly variables: ReadonlyMap<string, string>;
  readonly text: string;
}

/** The variables that the schema names with `x-env`. */
export function exportEnv(snapshot: Snapshot): ExportedEnv {
  const variables = exportVariables(snapshot);
  return { variables, text: writeDotenv(variables) };
}

/** A `.env` file as a layer. */
export interface ImportedEnv {
  readonly root: MapNode;
  readonly problems: readonly Diagnostic[];
}

/** Reads a `.env` file as a layer. @throws LotseError `file.*`, `dotenv.syntax`, `parse.*` */
export function importEnv(session: Session, file: string, from: string): ImportedEnv {
  const source = sourceOf(session, file, from);
  const entries = parseDotenv(source);
  const { document, problems, unknown } = importVariables(source, entries, session.engine.schema?.policy);
  const left = entries.filter(({ name }) => unknown.includes(name)).map((entry) => leftOut(source, entry));
  return { root: document.root, problems: [...problems, ...left] };
}

function leftOut(source: TextSource, { name, nameOffset }: { name: string; nameOffset: number }): Diagnostic {
  return {
    code: "dotenv.unknown",
    severity: "warning",
    message: `${name} is left out: the schema has no place for it`,
    hint: "give a path of the schema this name with x-env",
    where: source.where(nameOffset),
  };
}

/** Checks one `.env` file; what cannot be read at all is a finding, too. */
export function checkEnvFile(session: Session, file: string, from: string): readonly Diagnostic[] {
  try {
    const source = sourceOf(session, file, from);
    return checkDotenv(source, parseDotenv(source), policyOf(session));
  } catch (error) {
    if (isLotseError(error) && error.code !== "schema.unsupported") return [diagnosticOf(error)];
    throw error;
  }
}

/** The example file with what it lacks. @returns its text; it is written where that is asked for */
export async function exampleOf(
  session: Session,
  file: string,
  options: { readonly cwd: string; readonly write: boolean },
): Promise<string> {
  const path = inWorkspace(session, file, options.cwd);
  const full = join(session.directory, path);
  const text = await readOrEmpty(full);
  const source = new TextSource(path, text);
  const next = planExample(text, parseDotenv(source), policyOf(session));
  const access = { action: "config.example", object: path };
  if (options.write && next !== text) await session.recorder.change(access, () => writeFile(full, next));
  else await session.recorder.read({ ...access, details: { changed: false } });
  return next;
}

function policyOf(session: Session) {
  const policy = session.engine.schema?.policy;
  if (policy !== undefined) return policy;
  throw new LotseError({
    code: "schema.unsupported",
    message: "the workspace has no schema that names variables",
    hint: "name one under `schema` in lotse.yml and give its paths names with x-env",
    where: { file: "lotse.yml" },
  });
}

function sourceOf(session: Session, file: string, from: string): TextSource {
  const path = inWorkspace(session, file, from);
  const { files, workspace } = session.engine;
  const bytes = files.read(path);
  if (bytes !== undefined) return new TextSource(path, decodeText(bytes, path, workspace.limits));
  throw new LotseError({
    code: "file.not-found",
    message: `${path} does not exist`,
    hint: "name a .env file of the workspace",
    where: { file: path },
  });
}

/** A file may be named from where the user is, or from the workspace. */
function inWorkspace(session: Session, file: string, from: string): string {
  if (session.engine.files.stamp(file) !== undefined) return file;
  return relative(session.directory, resolve(from, file)).split(sep).join("/");
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return "";
    throw error;
  }
}
