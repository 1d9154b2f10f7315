import { parseJson, toYaml } from "@lotse/core/config";
import { LotseError } from "@lotse/core/kernel";
import type { Context } from "../context.ts";

/** The forms in which results are printed. `env` fits only some commands. */
export const formats = ["table", "json", "yaml", "env"] as const;

/** A form of output. */
export type Format = (typeof formats)[number];

/** A result in the forms that its command can print. */
export interface Result {
  /** The value that `-o json` and `-o yaml` print. */
  readonly value: unknown;
  /** The text for people, ending in a line break. */
  readonly table: (colours: Context["stdoutColours"]) => string;
  /** The result as `NAME=value` lines, where that fits. */
  readonly env?: () => string;
}

/**
 * Prints a result on standard output.
 *
 * @throws LotseError `usage.argument` for a form that the command does not have
 */
export function printResult(context: Context, format: Format, result: Result): void {
  const text = textOf(context, format, result);
  // In JSON and YAML only texts were cleaned: a short secret must not take the digits out of a number.
  if (format === "json" || format === "yaml") context.reveal(text);
  else context.out(text);
}

/** Keeps opened secrets out of every text of a value; keys, numbers and the rest stay as they are. */
function cleaned(context: Context): (key: string, value: unknown) => unknown {
  const sessions = [...context.sessions.values()];
  const redact = (text: string): string =>
    sessions.reduce((shown, { revealed }) => revealed.redact(shown), text);
  return (_, value) => (typeof value === "string" ? redact(value) : value);
}

function textOf(context: Context, format: Format, result: Result): string {
  switch (format) {
    case "table":
      return result.table(context.stdoutColours);
    case "json":
      return `${JSON.stringify(result.value, cleaned(context), 2)}\n`;
    case "yaml":
      return toYaml(parseJson(JSON.stringify(result.value, cleaned(context))));
    case "env":
      if (result.env !== undefined) return result.env();
      throw new LotseError({
        code: "usage.argument",
        message: "this command cannot print as env",
        hint: "use -o table, json or yaml",
      });
    default:
      return format satisfies never;
  }
}
