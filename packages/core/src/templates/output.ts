import { lstat, mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  isSystemError,
  LotseError,
  outsideError,
  replaceFile,
  Sensitive,
  staysInside,
  writePrivateFile,
} from "../kernel/index.ts";
import { unifiedDiff, type DiffLine } from "./unified.ts";

/** A rendered file that is to be written. */
export interface OutputFile {
  /** The path below the directory that is written to, with forward slashes. */
  readonly name: string;
  /** A `Sensitive` text makes it a secret file: mode 0600, never shown. */
  readonly text: string | Sensitive<string>;
  /** Where a line of a secret file comes from, in a few words without its value; lines count from 1. */
  readonly originOf?: (line: number) => string;
}

/** What writing does to a file. `mode` is a secret file whose text stays but that others could read. */
type OutputStatus = "created" | "changed" | "mode" | "unchanged";

/** What is going to be written, compared with what is there. */
interface PlannedFile extends OutputFile {
  readonly status: OutputStatus;
  /** The difference in the unified format; for a secret file, which lines change and not what they say. */
  readonly diff: readonly DiffLine[];
}

/** The files of one directory that are going to be written. */
export interface OutputPlan {
  /** The absolute path of the directory. */
  readonly directory: string;
  readonly files: readonly PlannedFile[];
}

const maxExistingBytes = 64 * 1024 * 1024;

/**
 * Compares rendered files with those in a directory. Nothing is written.
 *
 * @throws LotseError `file.outside` for a path that leaves the directory or leads through a symbolic link,
 * `file.ambiguous` for two files of one name, `file.not-readable`, `file.too-large` for a file of more than 64 MiB
 */
export async function planOutput(directory: string, files: readonly OutputFile[]): Promise<OutputPlan> {
  const root = resolve(directory);
  const seen = new Set<string>();
  const planned: PlannedFile[] = [];
  for (const file of files) {
    if (seen.has(file.name)) throw ambiguous(file.name);
    seen.add(file.name);
    planned.push(await planFile(root, file));
  }
  return { directory: root, files: planned };
}

function ambiguous(name: string): LotseError {
  return new LotseError({
    code: "file.ambiguous",
    message: `two templates make the file ${name}`,
    hint: "rename one of them",
    where: { file: name },
  });
}

async function planFile(root: string, file: OutputFile): Promise<PlannedFile> {
  const found = await existing(root, file.name);
  const { text } = file;
  const secret = text instanceof Sensitive;
  const after = secret ? text.reveal() : text;
  const before = found?.bytes.toString("utf8");
  // Bytes are compared, since two different ones may be the same text.
  if (found?.bytes.equals(Buffer.from(after, "utf8")) === true) {
    const open = secret && (found.mode & 0o077) !== 0;
    return {
      ...file,
      status: open ? "mode" : "unchanged",
      diff: open ? modeDiff(file.name, found.mode) : [],
    };
  }
  const mask = (side: "before" | "after", line: number): string =>
    side === "before" ? "[hidden]" : `[hidden]${originText(file, line)}`;
  const diff = unifiedDiff({ name: file.name, before, after, ...(secret ? { mask } : {}) });
  return { ...file, status: found === undefined ? "created" : "changed", diff };
}

function originText({ originOf }: OutputFile, line: number): string {
  const origin = originOf?.(line) ?? "";
  return origin === "" ? "" : ` ${origin}`;
}

function modeDiff(name: string, mode: number): readonly DiffLine[] {
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  return [
    { kind: "file", text: `--- ${name}` },
    { kind: "file", text: `+++ ${name}` },
    { kind: "removed", text: `-mode ${shown}` },
    { kind: "added", text: "+mode 0600" },
  ];
}

/** The file that is there; every directory on the way to it must be one, not a link to one. */
async function existing(
  root: string,
  name: string,
): Promise<{ readonly bytes: Buffer; readonly mode: number } | undefined> {
  if (name === "" || name.endsWith("/") || !staysInside(name)) {
    throw outsideError(name, "leads out of the directory that is written to");
  }
  const parts = name.split("/");
  for (let count = 1; count < parts.length; count++) {
    const found = await statOf(join(root, ...parts.slice(0, count)));
    if (found === undefined) return undefined;
    if (!found.isDirectory()) throw outsideError(name, "leads through something that is no directory");
  }
  const path = join(root, ...parts);
  const found = await statOf(path);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw outsideError(name, "stands in the place of a link or directory");
  if (found.size > maxExistingBytes) {
    throw new LotseError({
      code: "file.too-large",
      message: `${name} is larger than ${maxExistingBytes} bytes`,
      hint: "move it out of the way",
      where: { file: path },
    });
  }
  return { bytes: await readFile(path), mode: found.mode };
}

async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw notReadable(path, error);
  }
}

function notReadable(path: string, cause: unknown): LotseError {
  return new LotseError({
    code: "file.not-readable",
    message: `${path} cannot be read: ${cause instanceof Error ? cause.message : "unknown cause"}`,
    hint: "check that it is there and that you may read it",
    where: { file: path },
    cause,
  });
}

/**
 * Writes what was planned. Each file takes the place of the old one in one step and keeps its mode; new ones get 0644,
 * secret files 0600 in any case. A file that does not change is not touched.
 *
 * @returns the names of the files that were written
 * @throws LotseError `machine.write` where the system refuses; files before it are written
 */
export async function applyOutput({ directory, files }: OutputPlan): Promise<readonly string[]> {
  const written: string[] = [];
  for (const file of files) {
    if (file.status === "unchanged") continue;
    await existing(directory, file.name);
    await write(join(directory, file.name), file);
    written.push(file.name);
  }
  return written;
}

async function write(path: string, { text, status }: PlannedFile): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    if (text instanceof Sensitive) await writePrivateFile(path, text.reveal());
    else if (status === "created") await writePrivateFile(path, text, { mode: 0o644 });
    else await replaceFile(path, text);
  } catch (cause) {
    throw new LotseError({
      code: "machine.write",
      message: `${path} cannot be written: ${cause instanceof Error ? cause.message : "unknown cause"}`,
      hint: "check who owns the directory and whether the disk is full",
      where: { file: path },
      cause,
    });
  }
}
