import type { ErrorCode } from "./codes.ts";
import { LotseError } from "./error.ts";

/**
 * Splits a command that a variable holds into arguments by the quoting rules of a shell, without anything else
 * of a shell: nothing is expanded or run, and what only a shell could do is refused.
 *
 * @param name - what the command is called in messages
 * @param code - the error for a command that cannot be split
 * @throws LotseError with `code` for no command at all, an open quote, and shell operators or expansions outside
 * of quotes
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 */
export function splitCommand(text: string, name: string, code: ErrorCode): readonly [string, ...string[]] {
  const argv: string[] = [];
  // One word after the other: bare characters, escapes and quoted parts that stand together.
  const word = /\s*((?:[^\s'"\\|&;<>()$`]|\\[^]|'[^']*'|"(?:[^"\\$`]|\\[^])*")+)/uy;
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    word.lastIndex = at;
    const found = word.exec(text.slice(0, end));
    if (found === null) throw notSplit(name, code);
    const [whole, raw = ""] = found;
    argv.push(unquote(raw));
    at += whole.length;
  }
  const [program = "", ...args] = argv;
  if (program === "") throw notSplit(name, code);
  return [program, ...args];
}

function unquote(raw: string): string {
  return raw.replaceAll(/'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/gu, (_, single, double, escaped) => {
    if (typeof single === "string") return single;
    if (typeof double === "string") return double.replaceAll(/\\(["\\$`])/gu, "$1");
    return String(escaped);
  });
}

function notSplit(name: string, code: ErrorCode): LotseError {
  return new LotseError({
    code,
    message: `${name} is not a program with plain arguments`,
    hint: "close its quotes, and put what needs a shell into a script",
  });
}
