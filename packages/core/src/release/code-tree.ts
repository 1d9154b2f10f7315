import { constants } from "node:fs";
import { lstat, open, readdir, readlink, realpath } from "node:fs/promises";
import { dirname, join, posix, resolve, sep } from "node:path";
import { z } from "zod";
import { canonicalJson, isSystemError, LotseError } from "../kernel/index.ts";
import { matcherOf } from "./glob.ts";
import { maxObjectBytes, readJsonObject, type ObjectSink, type ObjectStore } from "./objects.ts";
import { pathSchema } from "./tree-path.ts";

/** Bounds on the code of a release. */
export interface CodeLimits {
  /** @defaultValue 20000 */
  readonly maxFiles?: number;
  /** All files together. @defaultValue 512 MiB */
  readonly maxBytes?: number;
}

/** What {@link storeCodeTree} kept. */
export interface StoredCode {
  /** The digest of the manifest, which names every file. */
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
}

const entrySchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("file"),
    path: pathSchema,
    mode: z.enum(["644", "755"]),
    digest: z.string().regex(/^[0-9a-f]{64}$/u),
    size: z.int().min(0).max(maxObjectBytes),
  }),
  z.strictObject({ type: z.literal("link"), path: pathSchema, target: z.string().min(1).max(4096) }),
]);

/** One file or symbolic link of a code tree; `path` is relative with forward slashes. */
export type TreeEntry = z.infer<typeof entrySchema>;

/** The list of all files of a code tree, sorted by path. */
const manifestSchema = z
  .strictObject({ schema: z.literal(1), entries: z.array(entrySchema).max(1_000_000) })
  .refine(({ entries }) => linksStayInside(entries), "has a link that leads out of the tree");

function linkStaysInside(path: string, target: string): boolean {
  if (target.startsWith("/") || target.includes("\0")) return false;
  const joined = posix.normalize(posix.join(posix.dirname(path), target));
  return joined !== ".." && !joined.startsWith("../");
}

function linksStayInside(entries: readonly TreeEntry[]): boolean {
  const links = new Set(entries.filter((entry) => entry.type === "link").map((entry) => entry.path));
  return entries.every((entry) => {
    if (entry.type === "link" && !linkStaysInside(entry.path, entry.target)) return false;
    for (let above = posix.dirname(entry.path); above !== "."; above = posix.dirname(above)) {
      if (links.has(above)) return false;
    }
    return true;
  });
}

/** Keeps the list of no files at all, for a release whose code is an image or an artefact. */
export async function storeEmptyTree(objects: ObjectSink): Promise<StoredCode> {
  return { digest: await objects.put(canonicalJson({ schema: 1, entries: [] })), files: 0, bytes: 0 };
}

/** The files and links of the code that a release names. @throws LotseError `release.corrupt` */
export async function readCodeTree(objects: ObjectStore, digest: string): Promise<readonly TreeEntry[]> {
  return (await readJsonObject(objects, digest, manifestSchema, "the list of code files")).entries;
}

/**
 * Keeps a code directory in the object store: a blob per file and a manifest that names them.
 * `.git` and `.lotse` are always left out; empty directories are not kept.
 *
 * @param exclude - patterns of what to leave out, as {@link matcherOf} reads them
 * @throws LotseError `release.no-code` when it is missing or empty, `release.too-large` past a bound,
 * `file.outside` for a symbolic link out of the tree, `file.not-readable` for sockets, devices and the like
 */
export async function storeCodeTree(
  objects: ObjectSink,
  directory: string,
  exclude: readonly string[] = [],
  limits: CodeLimits = {},
): Promise<StoredCode> {
  const root = await rootOf(directory);
  const excluded = matcherOf([".git", ".lotse", ...exclude]);
  const paths = await listTree(root, excluded, limits.maxFiles ?? 20_000);
  if (paths.length === 0) throw noCode(directory, "holds no files");
  const entries: TreeEntry[] = [];
  let bytes = 0;
  for (const path of paths) {
    const entry = await storeEntry(objects, root, path);
    entries.push(entry);
    bytes += entry.type === "file" ? entry.size : 0;
    if (bytes > (limits.maxBytes ?? 512 * 1024 * 1024)) {
      throw tooLarge(directory, `more than ${limits.maxBytes ?? 512 * 1024 * 1024} bytes`);
    }
  }
  const digest = await objects.put(canonicalJson({ schema: 1, entries }));
  return { digest, files: entries.length, bytes };
}

async function rootOf(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await lstat(root)).isDirectory()) return root;
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw unreadable(directory, error);
  }
  throw noCode(directory, "is not a directory");
}

/** The paths of all files below a directory, sorted. @throws LotseError `release.too-large` past the bound */
export async function listTree(
  root: string,
  excluded: (path: string) => boolean,
  maxFiles: number,
): Promise<string[]> {
  const found: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (excluded(path)) continue;
      if (entry.isDirectory()) await walk(path);
      else found.push(path);
      if (found.length > maxFiles) throw tooLarge(root, `more than ${maxFiles} files`);
    }
  };
  await walk("");
  return found.sort();
}

async function storeEntry(objects: ObjectSink, root: string, path: string): Promise<TreeEntry> {
  const full = join(root, path);
  const stats = await lstat(full);
  if (stats.isSymbolicLink()) return linkEntry(root, path);
  if (!stats.isFile()) throw unreadable(full, undefined, "is neither a file, a directory nor a link");
  if (stats.size > maxObjectBytes) throw tooLarge(full, `more than ${maxObjectBytes} bytes in one file`);
  const content = await readWithoutFollowing(full);
  const digest = await objects.put(content);
  const mode = (stats.mode & 0o111) === 0 ? "644" : "755";
  return { type: "file", path, mode, digest, size: content.byteLength };
}

async function readWithoutFollowing(path: string): Promise<Buffer> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function linkEntry(root: string, path: string): Promise<TreeEntry> {
  const full = join(root, path);
  const target = await readlink(full);
  const end = resolve(dirname(full), target);
  if (!linkStaysInside(path, target) || !(end + sep).startsWith(root + sep)) {
    throw new LotseError({
      code: "file.outside",
      message: `the symbolic link ${path} leads out of the code directory`,
      hint: "copy what it points to, or exclude it",
      where: { file: full },
    });
  }
  return { type: "link", path, target };
}

function noCode(directory: string, what: string): LotseError {
  return new LotseError({
    code: "release.no-code",
    message: `the code directory ${directory} ${what}`,
    hint: "check app.code and its exclude patterns in lotse.yml",
    where: { file: directory },
  });
}

function tooLarge(file: string, what: string): LotseError {
  return new LotseError({
    code: "release.too-large",
    message: `the code in ${file} is too large: ${what}`,
    hint: "exclude what the application does not need to run",
    where: { file },
  });
}

function unreadable(file: string, cause: unknown, what = "cannot be read"): LotseError {
  return new LotseError({ code: "file.not-readable", message: `${file} ${what}`, where: { file }, cause });
}
