import { LotseError, type Exec, type ExecOptions } from "../../kernel/index.ts";

/** A file's content in git. */
export interface BlobRef {
  /** The object's name, 40 or 64 hexadecimal digits. */
  readonly id: string;
  readonly file: string;
  /** The content it replaces; absent for a new file. */
  readonly previous?: string;
  readonly commit?: string;
}

const maxListBytes = 1024 * 1024 * 1024;

/** How much is read from git at a time, in bytes. */
const maxBatchBytes = 32 * 1024 * 1024;

/**
 * Runs git in a directory.
 *
 * @throws LotseError `git.failed` when git says no
 */
export async function git(
  exec: Exec,
  directory: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<string> {
  const result = await exec("git", ["-C", directory, ...args], {
    maxOutputBytes: maxListBytes,
    timeoutMs: 600_000,
    ...options,
  });
  if (result.status === 0) return result.stdout;
  throw new LotseError({
    code: "git.failed",
    message: `git ${args[0] ?? ""} failed: ${result.stderr.trim().split("\n")[0] ?? ""}`,
    hint: "this needs a git repository; name files to scan without one",
    where: { file: directory },
  });
}

/** The files of the working tree that are tracked or not ignored, by their paths below the directory. */
export async function listTree(exec: Exec, directory: string): Promise<readonly string[]> {
  const output = await git(exec, directory, [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--deduplicate",
    "--",
    ".",
  ]);
  return names(output);
}

/** The `.env` files that git ignores, except those of installed packages. */
export async function listIgnoredEnvFiles(exec: Exec, directory: string): Promise<readonly string[]> {
  const output = await git(exec, directory, [
    "ls-files",
    "-z",
    "--others",
    "--ignored",
    "--exclude-standard",
    "--",
    ":(glob)**/.env",
    ":(glob)**/.env.*",
    ":(glob)**/*.env",
    ":(exclude,glob)**/node_modules/**",
  ]);
  return names(output);
}

function names(output: string): readonly string[] {
  return output.split("\0").filter((name) => name !== "");
}

/** The contents that the next commit would add or change. Links and submodules are left out. */
export async function listStaged(exec: Exec, directory: string): Promise<readonly BlobRef[]> {
  const hasHead =
    (await exec("git", ["-C", directory, "rev-parse", "--verify", "--quiet", "HEAD"])).status === 0;
  // Without a commit yet, everything staged is new.
  const base = hasHead
    ? "HEAD"
    : (await git(exec, directory, ["hash-object", "-t", "tree", "--stdin"], { input: "" })).trim();
  const output = await git(exec, directory, [
    "diff-index",
    "--cached",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--diff-filter=AMT",
    base,
  ]);
  return parseRaw(output);
}

/** Each content that any commit of any branch or tag brought in, once, with the first commit that did. */
export async function listHistory(exec: Exec, directory: string): Promise<readonly BlobRef[]> {
  const output = await git(exec, directory, [
    "log",
    "--all",
    "--topo-order",
    "--reverse",
    "--root",
    "-m",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--no-ext-diff",
    "--no-color",
    "--no-show-signature",
    "--diff-filter=AMT",
    "--format=%H",
  ]);
  const seen = new Map<string, BlobRef>();
  for (const blob of parseRaw(output)) if (!seen.has(blob.id)) seen.set(blob.id, blob);
  return [...seen.values()];
}

const regularFile = /^:\d{6} (100644|100755) ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*$/u;

/**
 * Reads the output of `--raw -z`: between commits' names, a header and a path for each change.
 *
 * @see https://git-scm.com/docs/diff-format#_raw_output_format
 */
function parseRaw(output: string): readonly BlobRef[] {
  const found: BlobRef[] = [];
  const parts = output.split("\0");
  let commit: string | undefined;
  for (let index = 0; index < parts.length; index++) {
    const part = (parts[index] as string).trim();
    if (!part.startsWith(":")) {
      if (/^[0-9a-f]{40,64}$/u.test(part)) commit = part;
      continue;
    }
    const file = parts[++index] ?? "";
    const [, , previous = "", id = ""] = regularFile.exec(part) ?? [];
    if (id === "" || /^0+$/u.test(id)) continue;
    found.push({
      id,
      file,
      ...(/^0+$/u.test(previous) ? {} : { previous }),
      ...(commit === undefined ? {} : { commit }),
    });
  }
  return found;
}

/**
 * Reads objects, a bounded number of bytes at a time.
 *
 * @param maxBytes - larger objects come as `null`
 * @see https://git-scm.com/docs/git-cat-file#_batch_output
 */
export async function* readObjects(
  exec: Exec,
  directory: string,
  ids: readonly string[],
  maxBytes: number,
): AsyncGenerator<readonly [id: string, content: Buffer | null]> {
  if (ids.length === 0) return;
  const check = await git(exec, directory, ["cat-file", "--batch-check"], { input: `${ids.join("\n")}\n` });
  let batch: string[] = [];
  let batchBytes = 0;
  for (const line of check.split("\n")) {
    const [id = "", , size = ""] = line.split(" ");
    if (id === "" || size === "") continue;
    if (Number(size) > maxBytes) {
      yield [id, null];
      continue;
    }
    if (batch.length > 0 && batchBytes + Number(size) > maxBatchBytes) {
      yield* readBatch(exec, directory, batch);
      batch = [];
      batchBytes = 0;
    }
    batch.push(id);
    batchBytes += Number(size);
  }
  yield* readBatch(exec, directory, batch);
}

async function* readBatch(
  exec: Exec,
  directory: string,
  ids: readonly string[],
): AsyncGenerator<readonly [string, Buffer]> {
  if (ids.length === 0) return;
  const output = await git(exec, directory, ["cat-file", "--batch"], {
    input: `${ids.join("\n")}\n`,
    encoding: "latin1",
  });
  for (let at = 0; at < output.length;) {
    const end = output.indexOf("\n", at);
    const [id = "", , size = "0"] = output.slice(at, end).split(" ");
    yield [id, Buffer.from(output.slice(end + 1, end + 1 + Number(size)), "latin1")];
    at = end + 2 + Number(size);
  }
}
