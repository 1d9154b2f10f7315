import type { Command } from "commander";
import { LotseError, type Scope } from "@lotse/core/kernel";
import { accesses } from "../access.ts";
import type { Context } from "../context.ts";
import { sessionOf, splitScope, type ScopeOptions } from "../options.ts";

/**
 * Makes every command of a program tell the audit log what it does, before it does it. A command that the
 * table of accesses does not list does not run, and one that should have recorded something and did not is
 * a defect that is told.
 */
export function audit(program: Command, context: Context): void {
  program.hook("preAction", async (_, command) => {
    const access = accesses[pathOf(command)];
    if (access === undefined) throw missing(command, "is not in the table of accesses");
    if (access.kind !== "read") return;
    const options = command.optsWithGlobals<ScopeOptions>();
    const { recorder } = sessionOf(context, options);
    await recorder.read({ action: access.action, ...subjectOf(command, options) });
  });
  program.hook("postAction", (_, command) => {
    const kind = accesses[pathOf(command)]?.kind;
    if (kind !== "own" && (kind !== "file" || context.sessions.size === 0)) return;
    const recorded = [...context.sessions.values()].some(({ recorder }) => recorder.count > 0);
    if (!recorded) throw missing(command, "did not tell the audit log what it did");
  });
}

/** The command's names without the program's own, such as `config get`. */
export function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

/** What a command is about, out of its arguments: none of them holds a secret. */
function subjectOf(
  command: Command,
  options: ScopeOptions,
): { readonly object: string; readonly scope?: Scope } {
  const given = command.registeredArguments.map(
    (argument, index) => [argument.name(), command.args[index]] as const,
  );
  const environment = given.find(([name]) => name === "env")?.[1];
  const object = given.flatMap(([name, text]) => (name === "env" || text === undefined ? [] : [text]));
  const scope = environment === undefined ? undefined : scopeOf(environment, options);
  return { object: object.join(" ") || "workspace", ...(scope === undefined ? {} : { scope }) };
}

function scopeOf(text: string, options: ScopeOptions): Scope {
  const { environment, tenant } = splitScope(text);
  const named = typeof options.tenant === "string" ? options.tenant : tenant;
  return named === undefined ? { environment } : { environment, tenant: named };
}

function missing(command: Command, what: string): LotseError {
  return new LotseError({
    code: "internal.bug",
    message: `the command ${pathOf(command)} ${what}`,
    hint: "this is a defect in Lotse: report it",
  });
}
