import type { Command } from "commander";
import { removeSecret, setSecret } from "@lotse/core/app";
import { LotseError, Sensitive } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { leaf } from "../leaf.ts";
import { secretScope, withSecretScope, type SecretScopeOptions } from "./scope.ts";

/** `lotse secrets set ENV NAME` */
export function addSet(parent: Command, context: Context): void {
  withSecretScope(leaf(parent, "set", "set one secret; the value comes from standard input or a prompt"))
    .argument("<name>", "such as spotify.api_key")
    .option("--keep-newline", "keep a line break at the end of standard input")
    .addHelpText(
      "after",
      `
The value is never an argument, so that it is in no shell history and no process list. Who cannot read the file
writes the value beside it, where it counts at once: see "blind writing" in docs/secrets.md.

Examples:
  openssl rand -base64 32 | lotse secrets set prod jwt.secret_key --tenant nordlicht-records
  lotse secrets set dev spotify.api_key`,
    )
    .action(async (environment: string, name: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SecretScopeOptions & { keepNewline?: boolean }>();
      const { session, scope } = secretScope(context, environment, options);
      const value = await readValue(context, name, options.keepNewline === true);
      const changed = await setSecret(session, scope, name, value);
      const beside = changed.blind ? ", beside a file that you cannot read" : "";
      printResult(context, options.output ?? "table", {
        value: { ...changed, takenIn: [...changed.takenIn] },
        table: () => `${changed.file}: ${name} version ${changed.version}${beside}\n`,
      });
    });
}

/** `lotse secrets remove ENV NAME` */
export function addRemove(parent: Command, context: Context): void {
  withSecretScope(leaf(parent, "remove", "remove one secret"))
    .argument("<name>", "such as spotify.api_key")
    .addHelpText("after", "\nExample:\n  lotse secrets remove dev spotify.api_key")
    .action(async (environment: string, name: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SecretScopeOptions>();
      const { session, scope } = secretScope(context, environment, options);
      const changed = await removeSecret(session, scope, name);
      printResult(context, options.output ?? "table", {
        value: { ...changed, takenIn: [...changed.takenIn] },
        table: () => `${changed.file}: ${name} removed\n`,
      });
    });
}

async function readValue(context: Context, name: string, keepNewline: boolean): Promise<Sensitive<string>> {
  if (context.ask === null) {
    const text = await context.readInput();
    // What is not UTF-8 was read as U+FFFD, and would be lost without a word.
    if (text.includes("\uFFFD")) throw notText(name);
    return refuseEmpty(keepNewline ? text : text.replace(/\r?\n$/u, ""), name);
  }
  const first = await context.ask(`value of ${name}: `);
  const second = await context.ask("again: ");
  if (first === second) return refuseEmpty(first, name);
  throw new LotseError({
    code: "usage.argument",
    message: "the two values are not the same",
    hint: "nothing was changed; try again",
  });
}

function notText(name: string): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: `the value of ${name} on standard input is not text in UTF-8`,
    hint: "write bytes as text, such as with base64, or keep them in a file: lotse secrets encrypt --type binary",
  });
}

function refuseEmpty(value: string, name: string): Sensitive<string> {
  if (value !== "") return new Sensitive(value);
  throw new LotseError({
    code: "usage.argument",
    message: `there is no value for ${name} on standard input`,
    hint: "pipe it in, such as: openssl rand -base64 32 | lotse secrets set …",
  });
}
