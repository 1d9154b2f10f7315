import type { TreeEntry } from "../code-tree.ts";

/** A file of the code that two releases do not share. */
export interface FileChange {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** Bytes; null where there is no file, or a symbolic link. */
  readonly sizeBefore: number | null;
  readonly sizeAfter: number | null;
}

/** The files that differ in content, mode or kind, by path. */
export function codeDiff(before: readonly TreeEntry[], after: readonly TreeEntry[]): readonly FileChange[] {
  const old = new Map(before.map((entry) => [entry.path, entry] as const));
  const now = new Map(after.map((entry) => [entry.path, entry] as const));
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths.flatMap((path) => {
    const left = old.get(path);
    const right = now.get(path);
    if (left !== undefined && right !== undefined && textOf(left) === textOf(right)) return [];
    const kind = left === undefined ? "added" : right === undefined ? "removed" : "changed";
    return [{ path, kind, sizeBefore: sizeOf(left), sizeAfter: sizeOf(right) } as const];
  });
}

function textOf(entry: TreeEntry): string {
  return entry.type === "file" ? `${entry.mode} ${entry.digest}` : `link ${entry.target}`;
}

function sizeOf(entry: TreeEntry | undefined): number | null {
  return entry?.type === "file" ? entry.size : null;
}
