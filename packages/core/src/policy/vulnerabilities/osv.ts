import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isSystemError, readPrivateFile } from "../../kernel/index.ts";
import { decodeText, parseJsonText, readNested, sourceError } from "./inventory/error.ts";
import { readZip } from "./zip.ts";

const short = z.string().max(1000);
const moment = z.iso.datetime({ offset: true });

const severity = z.looseObject({ type: short, score: short });
const specific = z.looseObject({ severity: z.unknown().optional() });

const affected = z.looseObject({
  package: z.looseObject({ ecosystem: short, name: short }).optional(),
  severity: z.array(severity).optional(),
  ranges: z
    .array(
      z.looseObject({
        type: short,
        events: z.array(
          z.looseObject({
            introduced: short.optional(),
            fixed: short.optional(),
            last_affected: short.optional(),
            limit: short.optional(),
          }),
        ),
      }),
    )
    .optional(),
  versions: z.array(short).optional(),
  database_specific: specific.nullish(),
  ecosystem_specific: specific.nullish(),
});

/** What is read of an advisory. @see https://ossf.github.io/osv-schema/ */
const advisorySchema = z.looseObject({
  id: short.min(1),
  modified: moment,
  published: moment.optional(),
  withdrawn: moment.nullish(),
  aliases: z.array(short).nullish(),
  summary: z.string().max(100_000).optional(),
  severity: z.array(severity).nullish(),
  affected: z.array(affected).nullish(),
  database_specific: specific.nullish(),
});

/** An advisory in the OSV format. */
export type Advisory = z.infer<typeof advisorySchema>;

/** What an advisory says of one package. */
export type Affected = z.infer<typeof affected>;

const maxFileBytes = 256 * 1024 * 1024;
const maxFiles = 2_000_000;

/**
 * Reads advisories from a file (one, an array, an object with `vulns`, or one a line), from a ZIP archive of
 * such files, as a mirror's `all.zip` is, or from a directory of them at any depth. Files are read one after the other, so that a
 * mirror of any size fits into memory.
 *
 * @throws LotseError `vulnerability.source` for what is there and is no advisory, or is not there
 */
export async function* readOsv(path: string): AsyncGenerator<Advisory> {
  let files = 0;
  for await (const file of filesOf(path)) {
    if (++files > maxFiles) throw sourceError(path, `holds more than ${maxFiles} files`);
    if (file.endsWith(".zip")) {
      for await (const entry of readZip(file, /\.jsonl?$/u, maxFileBytes)) {
        const name = `${file}/${entry.name}`;
        yield* parseAdvisories(name, decodeText(name, entry.content));
      }
      continue;
    }
    const content = await readPrivateFile(file, maxFileBytes);
    if (content === null) throw sourceError(file, "is gone");
    yield* parseAdvisories(file, decodeText(file, content));
  }
}

async function* filesOf(path: string): AsyncGenerator<string> {
  const found = await attempt(path, () => stat(path));
  if (!found.isDirectory()) {
    yield path;
    return;
  }
  const entries = await attempt(path, () => readdir(path, { withFileTypes: true }));
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) yield* filesOf(below);
    else if (entry.isFile() && /\.(?:jsonl?|zip)$/u.test(entry.name)) yield below;
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw sourceError(path, isSystemError(error, "ENOENT") ? "does not exist" : "cannot be read", error);
  }
}

/**
 * Reads the advisories of one file.
 *
 * @throws LotseError `vulnerability.source`
 */
export function parseAdvisories(file: string, text: string): readonly Advisory[] {
  const values = valuesOf(file, text);
  return values.map((value) => {
    const parsed = readNested(file, () => advisorySchema.safeParse(value));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw sourceError(file, `is no OSV advisory: ${issue?.path.join(".")}: ${issue?.message}`, parsed.error);
  });
}

function valuesOf(file: string, text: string): readonly unknown[] {
  if (file.endsWith(".jsonl")) {
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => parseJsonText(file, line));
  }
  const value = parseJsonText(file, text);
  if (Array.isArray(value)) return value;
  const vulns = typeof value === "object" && value !== null && "vulns" in value ? value.vulns : undefined;
  return Array.isArray(vulns) ? vulns : [value];
}
