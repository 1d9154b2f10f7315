import { LotseError } from "../../kernel/index.ts";
import type { Node } from "./node.ts";

/** A configuration path in its parts: map keys and list indexes, both as text. */
export type Path = readonly string[];

const maxLength = 4096;
const maxSegments = 256;
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Whether a map key would reach into JavaScript's own objects and is therefore refused everywhere. */
export function isForbiddenKey(key: string): boolean {
  return forbidden.has(key);
}

function pathError(message: string, text: string, at: number): LotseError {
  return new LotseError({
    code: "parse.path",
    message: `${message} at character ${at + 1} of the path "${text.slice(0, 200)}"`,
    hint: 'write paths as database.postgresql.port, hosts[0] or labels["app.kubernetes.io/name"]',
    where: { path: text.slice(0, 200) },
  });
}

/**
 * Reads a path such as `a.b[0].c`, `a.b.0.c` or `labels["app.kubernetes.io/name"]`. An empty text is the
 * root.
 *
 * @throws LotseError `parse.path` for an empty segment, an unclosed bracket, a forbidden key, or a path of
 * more than 4,096 characters or 256 segments
 */
export function parsePath(text: string): Path {
  if (text === "") return [];
  if (text.length > maxLength) throw pathError(`a path has at most ${maxLength} characters`, text, maxLength);
  const segments: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [segment, next] =
      text[at] === "[" ? readBracket(text, at) : readName(text, at, segments.length > 0);
    if (isForbiddenKey(segment)) throw pathError(`the key "${segment}" is not allowed`, text, at);
    segments.push(segment);
    if (segments.length > maxSegments) throw pathError(`a path has at most ${maxSegments} parts`, text, at);
    at = next;
  }
  return segments;
}

function readName(text: string, start: number, needsDot: boolean): [string, number] {
  let at = start;
  if (needsDot) {
    if (text[at] !== ".") throw pathError("a dot is missing", text, at);
    at += 1;
  }
  let end = at;
  while (end < text.length && text[end] !== "." && text[end] !== "[") end += 1;
  if (end === at) throw pathError("a part of the path is empty", text, at);
  return [text.slice(at, end), end];
}

function readBracket(text: string, start: number): [string, number] {
  const rest = text.slice(start);
  const quoted = /^\["((?:[^"\\]|\\.)*)"\]/u.exec(rest);
  if (quoted !== null) {
    try {
      return [JSON.parse(`"${quoted[1] ?? ""}"`) as string, start + quoted[0].length];
    } catch {
      throw pathError("a quoted key has a wrong escape", text, start);
    }
  }
  const index = /^\[(0|[1-9]\d{0,8})\]/u.exec(rest);
  if (index === null) throw pathError('a bracket holds a list index or a key in "…"', text, start);
  return [index[1] ?? "", start + index[0].length];
}

const plainKey = /^[^.[\]"\s]+$/u;

/** Adds a map key to a written path. */
export function joinKey(path: string, key: string): string {
  if (!plainKey.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Adds a list index to a written path. */
export function joinIndex(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** Writes a path so that {@link parsePath} reads it back; `root` decides which parts are list indexes. */
export function formatPath(path: Path, root?: Node): string {
  let text = "";
  let node = root;
  for (const segment of path) {
    if (node?.kind === "list") {
      text = joinIndex(text, Number(segment));
      node = node.items[Number(segment)];
    } else {
      text = joinKey(text, segment);
      node = node?.kind === "map" ? node.entries.get(segment) : undefined;
    }
  }
  return text;
}

/** The child of a node under one part of a path, or `undefined` where there is none. */
export function childOf(node: Node, segment: string): Node | undefined {
  if (node.kind === "map") return node.entries.get(segment);
  if (node.kind !== "list" || !/^(0|[1-9]\d{0,8})$/u.test(segment)) return undefined;
  return node.items[Number(segment)];
}

/** The node at a path, or `undefined` where there is none. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const segment of path) {
    if (node === undefined) return undefined;
    node = childOf(node, segment);
  }
  return node;
}
