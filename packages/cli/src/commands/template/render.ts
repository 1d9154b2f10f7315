import { resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  applyRendering,
  planRendering,
  renderForScope,
  type OutputPlan,
  type ScopeRendering,
} from "@lotse/core/app";
import { exitStatuses, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { printResult, type Format } from "../../output/result.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { ExitWith } from "../leaf.ts";
import { reportingFailures } from "./failure.ts";
import { diffText, mapText, printedTemplates } from "./print.ts";

/** The options of `lotse template render`. */
interface RenderOptions extends ScopeOptions {
  readonly outputDir?: string;
  readonly format?: Format;
  readonly root?: string;
  readonly secretFile?: boolean;
  readonly trim: boolean;
  readonly dryRun?: boolean;
  readonly check?: boolean;
  readonly map?: boolean;
  readonly explain?: number;
}

const help = `
Without -o the text goes to standard output. With -o DIR a diff against the files that are there is printed, and then
they are written, each in one step; files that do not change are not touched. In a directory of templates, names that
end in .j2 or .jinja are rendered, and names that begin with _ are only there to be included.

app.env.secret.j2 makes the secret file app.env: mode 0600, with the content of the secrets it uses, and never printed.
All other files hold secrets as their references.

Examples:
  lotse template render templates/nginx.conf.j2 prod --tenant nordlicht-records
  lotse template render templates prod:nordlicht-records -o /etc/agent
  lotse template render templates prod:nordlicht-records -o /etc/agent --check
  lotse template render templates/nginx.conf.j2 prod:nordlicht-records --explain 3`;

/** `lotse template render FILE ENV` */
export function addRender(parent: Command, context: Context): void {
  const command = parent
    .command("render")
    .description("render a template, or a directory of templates, with a resolved environment")
    .argument("<file>", "a template, or a directory of templates")
    .argument("<env>", "environment, or environment:tenant")
    .option("-C, --directory <dir>", "the workspace, or a directory inside it");
  withScope(command)
    // Here -o is where the files go, as the command makes files; the form of the result has a name of its own.
    .option("-o, --output-dir <dir>", "write below this directory, after a diff against what is there")
    .addOption(new Option("--format <format>", "how to print the result").choices(["table", "json", "yaml"]))
    .option("--dry-run", "with -o: print the diff and write nothing")
    .option("--check", "the same, and exit with 1 when a file would change")
    .option("--secret-file", "make secret files, whatever the templates are named")
    .option("--root <dir>", "where include and extends look; the directory of the template if left out")
    .option("--no-trim", "keep the white space around blocks, as Jinja2 does unless told otherwise")
    .option("--map", "print where each line comes from, instead of the text")
    .option("--explain <line>", "print where this line of the text comes from", lineNumber)
    .addHelpText("after", help)
    .action(async (file: string, environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<RenderOptions>();
      const format = options.format ?? options.output ?? "table";
      await reportingFailures(context, format, () => render(context, file, environment, options, format));
    });
}

function lineNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/u.test(text)) return Number(text);
  throw usage(`--explain ${text.slice(0, 80)} is no line number`, "lines count from 1");
}

function usage(message: string, hint: string): LotseError {
  return new LotseError({ code: "usage.argument", message, hint });
}

async function render(
  context: Context,
  template: string,
  environment: string,
  options: RenderOptions,
  format: Format,
): Promise<void> {
  const { outputDir, root, secretFile, trim } = options;
  const explains = options.map === true || options.explain !== undefined;
  checkOptions(options, explains);
  const session = sessionOf(context, options);
  const rendering = await renderForScope(session, {
    ...requestOf(environment, options),
    template,
    from: context.cwd,
    root,
    secretFile,
    trim,
    shown: outputDir === undefined && !explains,
  });
  warn(context, rendering);
  if (outputDir !== undefined) {
    const plan = await planRendering(rendering, resolve(context.cwd, outputDir));
    const writes = options.dryRun !== true && options.check !== true;
    if (format === "table") context.out(diffText(plan, context.stdoutColours));
    if (writes) await applyRendering(session, rendering.snapshot.scope, plan);
    if (format !== "table") {
      printResult(context, format, { value: printedTemplates(rendering, { plan, writes }), table: () => "" });
    }
    summarise(context, plan, outputDir, writes);
    if (options.check === true && changes(plan) > 0) throw new ExitWith(exitStatuses.findings);
    return;
  }
  const line = options.explain;
  const value = printedTemplates(rendering, { map: explains, ...(line === undefined ? {} : { line }) });
  if (format === "table" && !explains)
    checkSingle(rendering, "with -o DIR they are written, with --format json printed");
  printResult(context, format, {
    value,
    table: () => (explains ? mapText(value) : (value.files[0]?.text ?? "")),
  });
}

/** @throws LotseError `usage.argument` for options that mean nothing together */
function checkOptions(options: RenderOptions, explains: boolean): void {
  const { outputDir, dryRun, check } = options;
  if (outputDir === undefined && (dryRun === true || check === true)) {
    throw usage("--dry-run and --check compare with a directory", "name it with -o");
  }
  if (outputDir !== undefined && explains) {
    throw usage("--map and --explain write nothing", "leave out -o");
  }
}

function checkSingle({ files }: ScopeRendering, hint: string): void {
  if (files.length !== 1)
    throw usage(`there are ${files.length} templates, whose texts would run together`, hint);
}

function warn(context: Context, { snapshot, files }: ScopeRendering): void {
  for (const finding of [...snapshot.diagnostics, ...files.flatMap(({ diagnostics }) => diagnostics)]) {
    context.err(formatDiagnostic(finding, context.stderrColours));
  }
}

function changes({ files }: OutputPlan): number {
  return files.filter(({ status }) => status !== "unchanged").length;
}

function summarise(context: Context, plan: OutputPlan, directory: string, writes: boolean): void {
  const count = changes(plan);
  const total = plan.files.length;
  const of = `${count} of ${total} ${total === 1 ? "file" : "files"}`;
  if (count === 0) context.err(`${directory}: nothing changes\n`);
  else context.err(writes ? `${directory}: wrote ${of}\n` : `${directory}: ${of} would change\n`);
}
