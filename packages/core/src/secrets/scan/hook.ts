import { isAbsolute, join } from "node:path";
import { LotseError, readPrivateFile, writePrivateFile, type Exec } from "../../kernel/index.ts";
import { rm } from "node:fs/promises";
import { git } from "./git.ts";

const begin = "# >>> lotse secrets scan >>>";
const end = "# <<< lotse secrets scan <<<";
const firstLine = "#!/bin/sh";
const maxHookBytes = 1024 * 1024;

/** How a hook is to change. */
export interface HookPlan {
  /** The hook's absolute path. */
  readonly path: string;
  readonly action: "create" | "extend" | "replace" | "keep" | "remove-block" | "remove-file";
  /** The hook's new content; `null` when the file goes. */
  readonly content: string | null;
}

/** What {@link planHook} needs to know. */
export interface HookState {
  /** The hook's absolute path. */
  readonly path: string;
  /** What it is now; `null` where there is none. */
  readonly content: string | null;
  /** The program and its arguments that scan. @defaultValue `lotse secrets scan --staged` */
  readonly command?: readonly string[];
}

/**
 * Plans the pre-commit hook: a marked block that stops the commit when the scan finds something, at the top of
 * the hook that is there, which then goes on as before.
 *
 * @throws LotseError `secret.hook` when the hook that is there is no shell script
 */
export function planHook(state: HookState): HookPlan {
  const { path, content } = state;
  const block = blockOf(state.command ?? ["lotse", "secrets", "scan", "--staged"]);
  if (content === null || content.trim() === "") {
    return { path, action: "create", content: `${firstLine}\n${block}` };
  }
  const rest = withoutBlock(content);
  const [shebang = "", ...lines] = rest.split("\n");
  if (!isShell(shebang)) throw noShell(path);
  const next = shebang.startsWith("#!")
    ? `${shebang}\n${block}${lines.join("\n")}`
    : `${firstLine}\n${block}${rest}`;
  if (next === content) return { path, action: "keep", content };
  return { path, action: rest === content ? "extend" : "replace", content: next };
}

/** Plans to take the block out again; what else is in the hook stays, and an empty hook goes. */
export function planHookRemoval({ path, content }: Pick<HookState, "path" | "content">): HookPlan {
  const rest = content === null ? null : withoutBlock(content);
  if (rest === content) return { path, action: "keep", content };
  if (rest === null || rest.trim() === firstLine) return { path, action: "remove-file", content: null };
  return { path, action: "remove-block", content: rest };
}

/** Carries a plan out. The hook becomes executable for its owner, and is replaced in one step. */
export async function applyHook(plan: HookPlan): Promise<void> {
  if (plan.action === "keep") return;
  if (plan.content === null) await rm(plan.path, { force: true });
  else await writePrivateFile(plan.path, plan.content, { mode: 0o755 });
}

/**
 * Reads the pre-commit hook of a repository: where `core.hooksPath` says, or in the directory that the worktrees
 * share.
 *
 * @throws LotseError `git.failed` without a repository
 */
export async function readHook(exec: Exec, directory: string): Promise<Pick<HookState, "path" | "content">> {
  const answer = (await git(exec, directory, ["rev-parse", "--git-path", "hooks"])).replace(/\r?\n$/u, "");
  const path = join(isAbsolute(answer) ? answer : join(directory, answer), "pre-commit");
  return { path, content: (await readPrivateFile(path, maxHookBytes))?.toString("utf8") ?? null };
}

/** Installs the hook; to do so again changes nothing. */
export async function installHook(
  exec: Exec,
  directory: string,
  command?: readonly string[],
): Promise<HookPlan> {
  const state = await readHook(exec, directory);
  const plan = planHook(command === undefined ? state : { ...state, command });
  await applyHook(plan);
  return plan;
}

/** Removes what {@link installHook} has put in. */
export async function removeHook(exec: Exec, directory: string): Promise<HookPlan> {
  const plan = planHookRemoval(await readHook(exec, directory));
  await applyHook(plan);
  return plan;
}

/** The entry for `.pre-commit-config.yaml` of those who use the framework pre-commit: https://pre-commit.com */
export function preCommitConfig(): string {
  return [
    "repos:",
    "  - repo: local",
    "    hooks:",
    "      - id: lotse-secrets-scan",
    "        name: lotse secrets scan",
    "        entry: lotse secrets scan --staged",
    "        language: system",
    "        pass_filenames: false",
    "        always_run: true",
    "",
  ].join("\n");
}

function blockOf(command: readonly string[]): string {
  return `${begin}\n${command.map(quote).join(" ")} || exit $?\n${end}\n`;
}

function quote(argument: string): string {
  return /^[\w./:=@-]+$/u.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function withoutBlock(content: string): string {
  const from = content.indexOf(`${begin}\n`);
  const to = content.indexOf(`${end}\n`, from);
  return from === -1 || to === -1 ? content : content.slice(0, from) + content.slice(to + end.length + 1);
}

function isShell(firstLine: string): boolean {
  return !firstLine.startsWith("#!") || /\b(?:ba|da|k|z|a)?sh\b/u.test(firstLine);
}

function noShell(path: string): LotseError {
  return new LotseError({
    code: "secret.hook",
    message: "the pre-commit hook that is there is no shell script",
    hint: "let it run lotse secrets scan --staged itself, and fail when that fails",
    where: { file: path },
  });
}
