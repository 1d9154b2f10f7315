import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

const block = 512;

/** A member of an archive. Paths have `/` and neither begin with it nor hold `..`. */
export type TarEntry =
  | { readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly path: string; readonly directory: true }
  | { readonly path: string; readonly target: string };

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function header(name: Buffer, type: string, mode: number, size: number, link: Buffer): Buffer {
  const bytes = Buffer.alloc(block);
  name.copy(bytes, 0, 0, 100);
  bytes.write(octal(mode, 8), 100, "latin1");
  bytes.write(octal(0, 8), 108, "latin1");
  bytes.write(octal(0, 8), 116, "latin1");
  bytes.write(octal(size, 12), 124, "latin1");
  bytes.write(octal(0, 12), 136, "latin1");
  bytes.write(" ".repeat(8), 148, "latin1");
  bytes.write(type, 156, "latin1");
  link.copy(bytes, 157, 0, 100);
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

function padded(content: Uint8Array): Buffer {
  const rest = content.byteLength % block;
  return Buffer.concat([content, Buffer.alloc(rest === 0 ? 0 : block - rest)]);
}

/** A name that the fixed fields have no room for is told in an entry before; every tar reads this one. */
function longName(type: "L" | "K", name: Buffer): Buffer[] {
  if (name.byteLength <= 100) return [];
  const content = Buffer.concat([name, Buffer.alloc(1)]);
  const empty = Buffer.alloc(0);
  return [header(Buffer.from("././@LongLink"), type, 0, content.byteLength, empty), padded(content)];
}

/**
 * Writes a member of an archive. The same members give the same bytes: no times, no owners.
 * The format is that of GNU tar: https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export function tarMember(entry: TarEntry): Buffer {
  const none = Buffer.alloc(0);
  if ("directory" in entry) {
    const name = Buffer.from(`${entry.path}/`);
    return Buffer.concat([...longName("L", name), header(name, "5", 0o755, 0, none)]);
  }
  const name = Buffer.from(entry.path);
  if ("target" in entry) {
    const target = Buffer.from(entry.target);
    const long = [...longName("K", target), ...longName("L", name)];
    return Buffer.concat([...long, header(name, "2", 0o777, 0, target)]);
  }
  const { content, mode } = entry;
  const head = header(name, "0", mode, content.byteLength, none);
  return Buffer.concat([...longName("L", name), head, padded(content)]);
}

/** A member out of a file of this machine that may be large; its content is never whole in memory. */
export async function* tarFile(path: string, mode: number, file: string): AsyncGenerator<Buffer> {
  const name = Buffer.from(path);
  const { size } = await lstat(file);
  yield Buffer.concat([...longName("L", name), header(name, "0", mode, size, Buffer.alloc(0))]);
  for await (const chunk of createReadStream(file)) yield chunk as Buffer;
  yield Buffer.alloc((block - (size % block)) % block);
}

/** What an archive ends with. */
export function tarEnd(): Buffer {
  return Buffer.alloc(block * 2);
}

/** An archive of a few members, in memory. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarMember), tarEnd()]);
}

/** The members of a directory of this machine, in order of their paths, parents first. */
export async function* entriesBelow(directory: string, prefix: string): AsyncGenerator<TarEntry> {
  yield { path: prefix, directory: true };
  const names = (await readdir(directory)).sort();
  for (const name of names) {
    const [from, path] = [join(directory, name), `${prefix}/${name}`];
    const status = await lstat(from);
    if (status.isDirectory()) yield* entriesBelow(from, path);
    else if (status.isSymbolicLink()) yield { path, target: await readlink(from) };
    else yield { path, mode: (status.mode & 0o100) === 0 ? 0o644 : 0o755, content: await readFile(from) };
  }
}
