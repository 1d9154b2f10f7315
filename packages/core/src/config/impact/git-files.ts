import { posix } from "node:path";
import { LotseError, type Exec, type ExecOptions, type Files } from "../../kernel/index.ts";

interface GitTree {
  readonly objects: ReadonlyMap<string, { readonly id: string; readonly size: number }>;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** A workspace as it is in a git revision, read once into memory. */
export class GitFiles implements Files {
  readonly label: string;
  readonly #tree: GitTree;
  readonly #directories: ReadonlyMap<string, readonly string[]>;

  private constructor(label: string, tree: GitTree) {
    this.label = label;
    this.#tree = tree;
    this.#directories = directoriesOf(tree.objects.keys());
  }

  /**
   * Reads the files of a revision that the engine may ask for.
   *
   * @param directory - the workspace
   * @param wanted - which paths are needed
   * @throws LotseError `git.failed` when there is no repository or no such revision
   */
  static async open(
    directory: string,
    revision: string,
    exec: Exec,
    wanted: (path: string) => boolean,
  ): Promise<GitFiles> {
    const listing = await git(exec, directory, [
      "ls-tree",
      "-r",
      "-l",
      "-z",
      "--full-tree",
      await treeOf(exec, directory, revision),
    ]);
    const objects = new Map<string, { id: string; size: number }>();
    for (const line of listing.split("\0").filter((text) => text !== "")) {
      const match = /^(\d+) blob ([0-9a-f]+)\s+(\d+)\t(.*)$/su.exec(line);
      const [, mode, id, size, path] = match ?? [];
      if (mode === "120000" || id === undefined || path === undefined || !wanted(path)) continue;
      objects.set(path, { id, size: Number(size) });
    }
    const blobs = await readBlobs(
      exec,
      directory,
      [...objects.values()].map(({ id }) => id),
    );
    const contents = new Map([...objects].map(([path, { id }]) => [path, blobs.get(id) as Uint8Array]));
    return new GitFiles(`${directory} at ${revision}`, { objects, contents });
  }

  read(path: string): Uint8Array | undefined {
    return this.#tree.contents.get(path);
  }

  list(directory: string): readonly string[] {
    return this.#directories.get(posix.normalize(directory)) ?? [];
  }

  stamp(path: string): string | undefined {
    return this.#tree.objects.get(path)?.id;
  }

  size(path: string): number | undefined {
    return this.#tree.objects.get(path)?.size;
  }
}

/** The files of a workspace that differ between a revision and the working tree, also those git does not track. */
export async function changedSince(
  directory: string,
  revision: string,
  exec: Exec,
): Promise<ReadonlySet<string>> {
  await treeOf(exec, directory, revision);
  const tracked = await git(exec, directory, [
    "diff",
    "--name-only",
    "--no-renames",
    "--relative",
    "-z",
    revision,
    "--",
    ".",
  ]);
  const untracked = await git(exec, directory, [
    "ls-files",
    "--others",
    "--exclude-standard",
    "-z",
    "--",
    ".",
  ]);
  return new Set([...tracked.split("\0"), ...untracked.split("\0")].filter((path) => path !== ""));
}

/** Whether a directory is inside a git repository that has a commit. */
export async function hasRevision(directory: string, exec: Exec): Promise<boolean> {
  const result = await exec("git", ["-C", directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
  return result.status === 0;
}

/** The tree object of the workspace's directory in a revision. */
async function treeOf(exec: Exec, directory: string, revision: string): Promise<string> {
  if (revision.startsWith("-") || revision === "")
    throw failed(`"${revision}" is no revision`, "name a commit, branch or tag");
  const prefix = (await git(exec, directory, ["rev-parse", "--show-prefix"])).trim();
  const result = await exec("git", [
    "-C",
    directory,
    "rev-parse",
    "--verify",
    "--quiet",
    `${revision}^{commit}`,
  ]);
  if (result.status !== 0)
    throw failed(`there is no revision ${revision}`, "name a commit, branch or tag of this repository");
  const commit = result.stdout.trim();
  return prefix === "" ? `${commit}^{tree}` : `${commit}:${prefix.replace(/\/$/u, "")}`;
}

/** Reads many objects with one process (https://git-scm.com/docs/git-cat-file#_batch_output). */
async function readBlobs(
  exec: Exec,
  directory: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const blobs = new Map<string, Uint8Array>();
  if (ids.length === 0) return blobs;
  const output = await git(exec, directory, ["cat-file", "--batch"], {
    input: `${ids.join("\n")}\n`,
    encoding: "latin1",
  });
  for (let at = 0; at < output.length;) {
    const end = output.indexOf("\n", at);
    const [id = "", , size = "0"] = output.slice(at, end).split(" ");
    blobs.set(id, Buffer.from(output.slice(end + 1, end + 1 + Number(size)), "latin1"));
    at = end + 2 + Number(size);
  }
  return blobs;
}

async function git(
  exec: Exec,
  directory: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  const result = await exec("git", ["-C", directory, ...args], {
    maxOutputBytes: 1024 * 1024 * 1024,
    ...options,
  });
  if (result.status === 0) return result.stdout;
  throw failed(
    `git ${args[0] ?? ""} failed: ${result.stderr.trim().split("\n")[0] ?? ""}`,
    "this needs a git repository; name files instead of a revision to go without",
  );
}

function failed(message: string, hint: string): LotseError {
  return new LotseError({ code: "git.failed", message, hint });
}

function directoriesOf(paths: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let name = path; name !== "." && name !== ""; name = posix.dirname(name)) {
      const parent = posix.dirname(name);
      const names = found.get(parent) ?? new Set();
      names.add(posix.basename(name));
      found.set(parent, names);
    }
  }
  return new Map([...found].map(([directory, names]) => [directory, [...names].sort()]));
}
