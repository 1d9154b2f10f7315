import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { openSession, type Session } from "@lotse/core/app/workspace";
import type { ResolveRequest, SetEntry } from "@lotse/core/config";
import { LotseError } from "@lotse/core/kernel";
import type { Context } from "./context.ts";
import { formats, type Format } from "./output/result.ts";

/** Options that every command has. */
export interface CommonOptions {
  readonly directory?: string;
  readonly output?: Format;
}

/** Options of commands that name an environment. */
export interface ScopeOptions extends CommonOptions {
  readonly tenant?: string;
  readonly override: readonly string[];
  readonly set: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `-C` and `-o`, which work behind every command as well as in front of it. */
export function withCommon(command: Command): Command {
  return command
    .option("-C, --directory <dir>", "the workspace, or a directory inside it")
    .addOption(new Option("-o, --output <format>", "how to print the result").choices([...formats]));
}

/** Adds `--tenant`, `--override` and `--set`. */
export function withScope(command: Command): Command {
  return command
    .option("-t, --tenant <tenant>", "the tenant")
    .option("--override <name>", "an override; several are merged in the order given", collect, [])
    .option("--set <path=value>", "a value for the highest layer; may be repeated", collect, []);
}

/** Opens the workspace that the options name. */
export function sessionOf(context: Context, options: CommonOptions): Session {
  const directory = resolve(context.cwd, options.directory ?? ".");
  const open = context.sessions.get(directory);
  if (open !== undefined) return open;
  const session = openSession({ directory, variables: context.variables });
  context.sessions.set(directory, session);
  return session;
}

/** What `ENV --tenant --override --set` ask for; `ENV` may also be `ENV:TENANT`. */
export function requestOf(environment: string, options: ScopeOptions): ResolveRequest {
  const { environment: name, tenant } = splitScope(environment);
  return {
    environment: name,
    tenant: options.tenant ?? tenant,
    overrides: options.override,
    set: options.set.map(readSet),
  };
}

/** Splits `ENV` or `ENV:TENANT`. */
export function splitScope(text: string): {
  readonly environment: string;
  readonly tenant: string | undefined;
} {
  const at = text.indexOf(":");
  return at < 0
    ? { environment: text, tenant: undefined }
    : { environment: text.slice(0, at), tenant: text.slice(at + 1) };
}

/** Reads `path=value`. @throws LotseError `usage.argument` */
function readSet(text: string): SetEntry {
  const at = equalsSign(text);
  if (at > 0) return { path: text.slice(0, at), text: text.slice(at + 1) };
  throw new LotseError({
    code: "usage.argument",
    message: `--set ${text.slice(0, 80)} has no "="`,
    hint: "write --set database.postgresql.port=5433",
  });
}

/** The first `=` that is not inside a quoted key. */
function equalsSign(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"' && text[at - 1] !== "\\") quoted = !quoted;
    else if (text[at] === "=" && !quoted) return at;
  }
  return -1;
}
