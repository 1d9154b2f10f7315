import { open } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, isSystemError, LotseError } from "../../kernel/index.ts";
import { listTree } from "../code-tree.ts";
import { matcherOf } from "../glob.ts";
import type { Migration } from "../release.ts";

/** Where migrations are, and which of them cannot be undone. */
export interface MigrationSource {
  /** Absolute. */
  readonly directory: string;
  /** Names of files, or patterns as in `app.exclude`, besides those that say it themselves. */
  readonly irreversible: readonly string[];
}

const maxFiles = 10_000;
const maxFileBytes = 16 * 1024 * 1024;

/** How far from its beginning a file is searched for the header line. */
const headerBytes = 4096;

/** A comment line of any language: `-- lotse: irreversible`, `# lotse: irreversible`, `// …`, and the like. */
const header = /^[ \t]*(?:--|#|\/\/|\/\*|\*|;|%|""")?[ \t]*lotse:[ \t]*(\S+)/imu;

/** What undoes a migration is no migration by itself. */
const downFile = /[._-]down\.[^/]+$|(?:^|\/)down\.[^/]+$/iu;

/**
 * Reads the migrations of a workspace: every file below the directory is one, sorted by path; files that undo one
 * (`NAME.down.sql`, `NAME/down.sql`) are left out. Irreversible is what says so in a comment line
 * `lotse: irreversible` within its first 4096 bytes, and what is listed.
 *
 * @throws LotseError `release.migrations` when the directory or a file cannot be read, or something listed as
 * irreversible fits no file: a misspelled name must not make a migration reversible
 */
export async function readMigrations(source: MigrationSource): Promise<readonly Migration[]> {
  const paths = await pathsOf(source.directory);
  for (const pattern of source.irreversible) {
    if (!paths.some((path) => matcherOf([pattern])(path))) {
      throw refuse(source.directory, `holds no migration ${pattern}, which is listed as irreversible`);
    }
  }
  const listed = matcherOf([...source.irreversible]);
  const migrations: Migration[] = [];
  for (const path of paths) {
    const content = await contentOf(join(source.directory, path));
    const word = header.exec(content.subarray(0, headerBytes).toString("utf8"))?.[1]?.toLowerCase();
    if (word !== undefined && word !== "irreversible" && word !== "reversible") {
      throw refuse(
        join(source.directory, path),
        `says \`lotse: ${word}\`, and known is \`lotse: irreversible\``,
      );
    }
    migrations.push({
      path,
      digest: digestOf(content),
      reversible: word !== "irreversible" && !listed(path),
    });
  }
  return migrations;
}

async function pathsOf(directory: string): Promise<readonly string[]> {
  try {
    const all = await listTree(directory, matcherOf([".git", ".gitkeep", "__pycache__"]), maxFiles);
    return all.filter((path) => !downFile.test(path));
  } catch (error) {
    if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) {
      throw refuse(directory, "is not a directory");
    }
    throw error;
  }
}

async function contentOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw refuse(path, "is not a file");
    if (stats.size > maxFileBytes) throw refuse(path, `is larger than ${maxFileBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function refuse(file: string, what: string): LotseError {
  return new LotseError({
    code: "release.migrations",
    message: `${file} ${what}`,
    hint: "check app.migrations in lotse.yml",
    where: { file },
  });
}
