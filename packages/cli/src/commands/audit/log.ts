import type { Command } from "commander";
import type { AuditLog, EntryFilter, EntryView } from "@lotse/core/audit";
import { LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { splitScope, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { withLog, type LogOptions, type WhichLog } from "./logs.ts";
import { readLog, readLogs } from "./open.ts";

/** The options that choose entries. */
export interface FilterOptions extends CommonOptions {
  readonly actor?: string;
  readonly scope?: string;
  readonly action?: string;
  readonly object?: string;
  readonly outcome?: string;
  readonly request?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
}

/** Adds the options that choose entries. */
export function withFilter(command: Command): Command {
  return command
    .option("--actor <id>", "only what this actor did")
    .option("--scope <scope>", "only this environment, or environment:tenant")
    .option("--action <action>", "only this action, or all that begin with its first part: secret")
    .option("--object <prefix>", "only objects that begin so")
    .option("--outcome <outcome>", "only intent, success, failure or denied")
    .option("--request <id>", "only what one call of lotse did")
    .option("--since <time>", "not before this moment, such as 2026-11-01 or 2026-11-01T08:00:00Z")
    .option("--until <time>", "before this moment")
    .option("--limit <n>", "at most so many");
}

/** What the options ask for. @throws LotseError `usage.argument` */
export function filterOf(options: FilterOptions, limit?: number): EntryFilter {
  const scope = options.scope === undefined ? undefined : splitScope(options.scope);
  const given = options.limit === undefined ? limit : numberOf(options.limit, "--limit");
  return {
    actor: options.actor,
    environment: scope?.environment,
    tenant: scope?.tenant,
    action: options.action,
    objectPrefix: options.object,
    outcome: outcomeOf(options.outcome),
    request: options.request,
    since: timeOf(options.since, "--since"),
    until: timeOf(options.until, "--until"),
    limit: given,
  };
}

/** `lotse audit log` */
export function addLog(parent: Command, context: Context): void {
  const command = leaf(parent, "log", "list who did what, newest first");
  withLog(withFilter(command), ["workspace", "database", "all"], "workspace")
    .option("--oldest", "oldest first")
    .addHelpText(
      "after",
      `
Shows 50 entries unless --limit says otherwise.

Examples:
  lotse audit log --action secret --scope prod:nordlicht-records
  lotse audit log --actor ada --since 2026-11-01 -o json
  lotse audit log --log all --action rollout`,
    )
    .action(async (_: unknown, called: Command) => {
      const options = called.optsWithGlobals<ListOptions>();
      const { log } = options;
      await readLogs(context, options, "audit.read", "log", async (logs) => {
        const lists = await Promise.all(
          logs.map(async ({ which, log: opened }) =>
            (await listed(opened, options)).map((entry) => ({ which, entry })),
          ),
        );
        const entries = log === "all" ? merged(lists.flat(), options) : lists.flat();
        printResult(context, options.output ?? "table", {
          value: entries.map(({ which, entry }) => (log === "all" ? { log: which, ...entry } : entry)),
          table: () => (entries.length === 0 ? "no entry matches\n" : listText(entries, log === "all")),
        });
      });
    });
}

interface ListOptions extends FilterOptions, LogOptions {
  readonly oldest?: boolean;
}

interface Listed {
  readonly which: WhichLog;
  readonly entry: EntryView;
}

async function listed(log: AuditLog, options: ListOptions): Promise<readonly EntryView[]> {
  const first = options.oldest === true ? ("oldest" as const) : ("newest" as const);
  const entries: EntryView[] = [];
  for await (const entry of log.list({ ...filterOf(options, 50), first })) entries.push(entry);
  return entries;
}

/** Several logs as one, by time; what has no time any more stays behind what it stood behind. */
function merged(entries: readonly Listed[], options: ListOptions): readonly Listed[] {
  const sign = options.oldest === true ? 1 : -1;
  const time = ({ entry }: Listed): string => entry.time ?? "";
  return entries
    .toSorted((a, b) => (time(a) < time(b) ? -sign : time(a) > time(b) ? sign : 0))
    .slice(0, filterOf(options, 50).limit);
}

/** `lotse audit show INDEX` */
export function addShow(parent: Command, context: Context): void {
  withLog(leaf(parent, "show", "show one entry"), ["workspace", "database"], "workspace")
    .argument("<index>", "its place in the log, from 0")
    .addHelpText("after", "\nExample:\n  lotse audit show 12")
    .action(async (index: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<LogOptions>();
      await readLog(context, options, "audit.read", `entry ${index}`, async (log) => {
        const entry = await log.show(numberOf(index, "the index"));
        printResult(context, options.output ?? "table", { value: entry, table: () => entryText(entry) });
      });
    });
}

/** A whole number that was typed. @throws LotseError `usage.argument` */
export function numberOf(text: string, what: string): number {
  const value = /^\d{1,15}$/u.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw usage(`${what} is a whole number, not ${JSON.stringify(text.slice(0, 40))}`, "count from 0");
}

function timeOf(text: string | undefined, what: string): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw usage(
    `${what} is not a moment: ${JSON.stringify(text.slice(0, 40))}`,
    "write 2026-11-01 or 2026-11-01T08:00:00Z",
  );
}

function outcomeOf(text: string | undefined): EntryFilter["outcome"] {
  switch (text) {
    case undefined:
    case "intent":
    case "success":
    case "failure":
    case "denied":
      return text;
    default:
      throw usage(`${text} is not an outcome`, "outcomes are intent, success, failure and denied");
  }
}

function usage(message: string, hint: string): LotseError {
  return new LotseError({ code: "usage.argument", message, hint });
}

function listText(entries: readonly Listed[], several: boolean): string {
  return table(
    [...(several ? ["LOG"] : []), "INDEX", "TIME", "ACTOR", "ACTION", "SCOPE", "OBJECT", "OUTCOME"],
    entries.map(({ which, entry }) => [
      ...(several ? [which] : []),
      String(entry.index),
      entry.time ?? "(dropped)",
      actorText(entry),
      entry.action ?? "-",
      scopeText(entry),
      objectText(entry),
      entry.outcome ?? "-",
    ]),
  );
}

function entryText(entry: EntryView): string {
  const details = Object.entries({ ...entry.details, ...entry.personal });
  return table(
    ["", ""],
    [
      ["index", String(entry.index)],
      ["time", entry.time ?? "(dropped)"],
      ["actor", `${actorText(entry)}, their entry number ${entry.sequence}`],
      ["action", entry.action ?? "-"],
      ["scope", scopeText(entry)],
      ["object", entry.object ?? "-"],
      ["version", entry.version ?? "-"],
      ["fingerprint", entry.fingerprint ?? "-"],
      ["outcome", entry.outcome ?? "-"],
      ["request", entry.request ?? "-"],
      ["correlation", entry.correlation ?? "-"],
      ...details.map(([name, value]) => [name, String(value)]),
    ],
  ).replace(/^\s*\n/u, "");
}

function actorText({ actor }: EntryView): string {
  return actor.kind === null ? actor.id : `${actor.kind}:${actor.id}`;
}

function scopeText({ scope }: EntryView): string {
  if (scope === null) return "-";
  return scope.tenant === undefined ? scope.environment : `${scope.environment}:${scope.tenant}`;
}

function objectText({ object, version }: EntryView): string {
  return `${object ?? "-"}${version === null ? "" : ` ${version}`}`;
}
