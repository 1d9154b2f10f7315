import { join, posix } from "node:path";
import { LotseError, readPrivateFile, removeTree, writePrivateFile } from "../../kernel/index.ts";
import { incomingDirectoryOf } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { rulesRecordFile } from "./rules-record.ts";

const begin = "# >>> lotse secrets >>>";
const end = "# <<< lotse secrets <<<";
const name = "lotse-secrets";

/** What git was told. */
export interface GitSetUp {
  readonly attributes: "written" | "unchanged" | "removed";
}

/**
 * Makes git merge secret files by value and show which values a change touches: a merge driver and a text
 * converter in the repository's own configuration, and the files they are for in `.gitattributes`.
 *
 * @throws LotseError `git.failed` outside a repository
 */
export async function setUpGit(session: Session, remove: boolean): Promise<GitSetUp> {
  return await session.recorder.change(
    { action: "secret.git-setup", object: remove ? "remove" : "install" },
    async () => {
      const within = await directoryInRepository(session);
      const settings: readonly (readonly [string, string])[] = [
        [`merge.${name}.name`, "merge sops files by value"],
        [`merge.${name}.driver`, "lotse secrets merge %O %A %B %P"],
        [`diff.${name}.textconv`, `lotse secrets diff${within}`],
      ];
      if (remove) {
        await git(session, ["config", "--local", "--remove-section", `merge.${name}`], [0, 128]);
        await git(session, ["config", "--local", "--remove-section", `diff.${name}`], [0, 128]);
      } else {
        for (const [key, value] of settings) await git(session, ["config", "--local", key, value], [0]);
      }
      return { attributes: await writeAttributes(session, remove) };
    },
  );
}

async function writeAttributes(session: Session, remove: boolean): Promise<GitSetUp["attributes"]> {
  const path = join(session.directory, ".gitattributes");
  const before = (await readPrivateFile(path, 1024 * 1024))?.toString("utf8") ?? "";
  const rest = before.replace(new RegExp(`${begin}[^]*?${end}\\n?`, "u"), "");
  const block = remove ? "" : `${begin}\n${linesOf(session).join("\n")}\n${end}\n`;
  const after = `${rest}${rest === "" || rest.endsWith("\n") ? "" : "\n"}${block}`;
  if (after === before) return "unchanged";
  if (after === "") await removeTree(path);
  else await writePrivateFile(path, after, { mode: 0o644 });
  return remove ? "removed" : "written";
}

/** The secret files as patterns of git, relative to the workspace. */
function linesOf({ engine }: Session): readonly string[] {
  const { root, secrets } = engine.workspace;
  const ofLayers = secrets.layers.flatMap((layer) => {
    const pattern = posix.join(root, layer).replaceAll(/\{[a-z]+\}/gu, "*");
    const beside = incomingDirectoryOf(pattern);
    return [
      `${pattern} merge=${name} diff=${name}`,
      `${pattern}.manifest.json merge=${name}`,
      // Whoever merges need not be able to read a value that was written blindly: both sides' is a conflict.
      `${beside}/*.yml -merge diff=${name}`,
      `${beside}/*.manifest.json -merge`,
    ];
  });
  // Who merges rules looks at whom they name, and signs them: lotse secrets verify --accept.
  return [...ofLayers, `/${rulesRecordFile} -merge`];
}

/**
 * git starts drivers at the root of the working tree. A merge driver is told the file's path; a text converter
 * only a temporary file, so it is told the workspace, when it is not the root itself.
 */
async function directoryInRepository({ exec, directory }: Session): Promise<string> {
  const { status, stdout } = await exec("git", ["-C", directory, "rev-parse", "--show-prefix"]);
  const prefix = stdout.replace(/\/?\r?\n$/u, "");
  return status !== 0 || prefix === "" ? "" : ` -C '${prefix.replaceAll("'", "'\\''")}'`;
}

async function git(session: Session, args: readonly string[], allowed: readonly number[]): Promise<void> {
  const result = await session.exec("git", ["-C", session.directory, ...args]);
  if (allowed.includes(result.status)) return;
  throw new LotseError({
    code: "git.failed",
    message: `git ${args[0]} failed: ${result.stderr.split("\n")[0] ?? ""}`,
    hint: "is the workspace in a git repository?",
  });
}
