import { basename } from "node:path";
import { LotseError } from "../../kernel/index.ts";
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
  return hardenEditor(splitCommand(environment[name] ?? "", name));
}

/**
 * Splits a command into arguments by the quoting rules of a shell, without anything else of a shell: nothing
 * is expanded or run, and what only a shell could do is refused.
 *
 * @param name - what the command is called in messages
 * @throws LotseError `secret.editor` for an open quote, and for shell operators or expansions outside of quotes
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 */
export function splitCommand(text: string, name: string): readonly string[] {
  const argv: string[] = [];
  // One word after the other: bare characters, escapes and quoted parts that stand together.
  const word = /\s*((?:[^\s'"\\|&;<>()$`]|\\[^]|'[^']*'|"(?:[^"\\$`]|\\[^])*")+)/uy;
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    word.lastIndex = at;
    const found = word.exec(text.slice(0, end));
    if (found === null) throw notSplit(name);
    const [whole, raw = ""] = found;
    argv.push(unquote(raw));
    at += whole.length;
  }
  if (argv.length === 0 || argv[0] === "") throw notSplit(name);
  return argv;
}

function unquote(raw: string): string {
  return raw.replaceAll(/'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/gu, (_, single, double, escaped) => {
    if (typeof single === "string") return single;
    if (typeof double === "string") return double.replaceAll(/\\(["\\$`])/gu, "$1");
    return String(escaped);
  });
}

function notSplit(name: string): LotseError {
  return new LotseError({
    code: "secret.editor",
    message: `${name} is not a program with plain arguments`,
    hint: "close its quotes, and put what needs a shell into a script",
  });
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
