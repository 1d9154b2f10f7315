// The tables of docs/*.md that are written from the code; docs.test.ts holds the documents against them.
import type { Argument, Command, Option } from "commander";
import { strategies } from "@lotse/core/release";
import { workspaceFile } from "@lotse/core/config";
import { processSpecSchema } from "@lotse/core/release";
import { allCodes, exitStatuses } from "@lotse/core/kernel";
import { buildProgram } from "../src/program.ts";

/** A table in Markdown. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), `|${headings.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Every error code with the exit status that it leads to and its meaning. */
export function errorTable(): string {
  const rows = allCodes().map(({ code, exit, meaning }) => [`\`${code}\``, String(exit), meaning]);
  return table(["code", "exits with", "meaning"], rows);
}

/** The numbers of the exit statuses. */
export function exitNumbers(): readonly number[] {
  return Object.values(exitStatuses);
}

/** The names of the rollout strategies. */
export function strategyNames(): readonly string[] {
  return Object.keys(strategies);
}

/** Every command with its arguments and options. */
export async function commandTables(): Promise<string> {
  const silent = { write: (): void => {} };
  const program = await buildProgram({
    out: silent.write,
    err: silent.write,
    cwd: process.cwd(),
    variables: {},
    signal: new AbortController().signal,
  } as unknown as Parameters<typeof buildProgram>[0]);
  return leavesOf(program, "lotse")
    .map(([path, command]) => commandText(path, command))
    .join("\n\n");
}

function leavesOf(command: Command, path: string): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands
    .filter((child) => !hidden(child))
    .flatMap((child) => leavesOf(child, `${path} ${child.name()}`));
}

function hidden(command: Command): boolean {
  return "_hidden" in command && command._hidden === true;
}

/** Options that all commands share; the document tells them once. */
const common: ReadonlySet<string> = new Set(["--directory", "--output"]);

function commandText(path: string, command: Command): string {
  const words = command.registeredArguments.map(argumentWord).join(" ");
  const options = command.options.filter(({ long }) => !common.has(long ?? ""));
  const rows = [
    ...command.registeredArguments.map((argument) => [`\`${argumentWord(argument)}\``, sentence(argument)]),
    ...options.map((option) => [`\`${option.flags}\``, sentence(option)]),
  ];
  const heading = `### \`${path}${words === "" ? "" : ` ${words}`}\`\n\n${capital(command.description())}.`;
  return rows.length === 0 ? heading : `${heading}\n\n${table(["argument or option", "meaning"], rows)}`;
}

function argumentWord(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function sentence(part: Argument | Option): string {
  const choices = part.argChoices === undefined ? "" : ` (${part.argChoices.join(", ")})`;
  const value: unknown = part.defaultValue;
  const fallback =
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? ""
      : `; default \`${String(value)}\``;
  const must = "mandatory" in part && part.mandatory ? "; must be given" : "";
  return `${part.description}${choices}${fallback}${must}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** The keys of the process target in `lotse.yml`. */
export function targetTable(): string {
  const schema = processSpecSchema.toJSONSchema({ io: "input" }) as JsonSchema;
  const rows = keysOf(schema, "").map(([path, key, required]) => [
    `\`${path}\``,
    valuesOf(key),
    fallbackOf(key, required),
    key.description ?? "",
  ]);
  return table(["key under `app.target`", "values", "default", "meaning"], rows);
}

function keysOf(schema: JsonSchema, path: string): readonly (readonly [string, JsonSchema, boolean])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, key]) =>
    key.properties === undefined
      ? [[`${path}${name}`, key, schema.required?.includes(name) === true] as const]
      : keysOf(key, `${path}${name}.`),
  );
}

function valuesOf(key: JsonSchema): string {
  if (key.const !== undefined) return `\`${String(key.const)}\``;
  return key.minimum === undefined ? String(key.type) : `${key.minimum} to ${key.maximum}`;
}

function fallbackOf(key: JsonSchema, required: boolean): string {
  if (required) return "must be given";
  return key.default === undefined ? "" : `\`${String(key.default)}\``;
}

/** The keys at the top of `lotse.yml`. */
export function workspaceKeys(): readonly string[] {
  return Object.keys(workspaceFile.shape);
}
