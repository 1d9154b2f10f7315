import { basename } from "node:path";
import { LotseError, splitCommand } from "../../kernel/index.ts";
import type { ProcessEnvironment } from "../inject/index.ts";

const variables = ["SOPS_EDITOR", "EDITOR", "VISUAL"] as const;

/**
 * The editor that the user wants, as an argument array: the first of `SOPS_EDITOR`, `EDITOR` and `VISUAL` that
 * is set, made safe by {@link hardenEditor}.
 *
 * @throws LotseError `secret.editor` when none is set, or one cannot be split
 */
export function chooseEditor(environment: ProcessEnvironment): readonly string[] {
  const name = variables.find((variable) => (environment[variable] ?? "").trim() !== "");
  if (name === undefined) {
    throw new LotseError({
      code: "secret.editor",
      message: "no editor is set",
      hint: "set EDITOR, for example to nano, vim or 'code --wait'",
    });
  }
  return hardenEditor(splitCommand(environment[name] ?? "", name, "secret.editor"));
}

/** Arguments that keep editors from leaving text behind: swap files, undo files, registers in `viminfo`. */
const leavesNothing: Readonly<Record<string, readonly string[]>> = {
  vim: ["-n", "-i", "NONE", "--cmd", "set nobackup nowritebackup noundofile"],
  nvim: ["-n", "-i", "NONE", "--cmd", "set nobackup nowritebackup noundofile"],
};

/** Editors with a window return at once, unless they are told to wait until the file is closed. */
const waits: Readonly<Record<string, { readonly argument: string; readonly known: readonly string[] }>> = {
  code: { argument: "--wait", known: ["--wait", "-w"] },
  codium: { argument: "--wait", known: ["--wait", "-w"] },
  subl: { argument: "--wait", known: ["--wait", "-w"] },
  zed: { argument: "--wait", known: ["--wait", "-w"] },
  gvim: { argument: "--nofork", known: ["--nofork", "-f"] },
};

/** Adds what an editor needs for not leaving copies elsewhere, and for not returning before the end. */
export function hardenEditor(argv: readonly string[]): readonly string[] {
  const [program = "", ...args] = argv;
  const name = basename(program);
  const wait = waits[name];
  const added =
    wait === undefined || wait.known.some((argument) => args.includes(argument)) ? [] : [wait.argument];
  return [program, ...added, ...(leavesNothing[name] ?? []), ...args];
}
