import type { Command } from "commander";
import {
  explain,
  explainAll,
  isScalarNode,
  whyNot,
  type Candidate,
  type Explanation,
} from "@lotse/core/config";
import type { PrintedExplanation } from "@lotse/core/contract";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { inline, shownValue } from "../../output/value.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { tellFindings } from "./findings.ts";

/** `lotse config explain ENV PATH` */
export function addExplain(parent: Command, context: Context): void {
  withScope(leaf(parent, "explain", "tell where a value comes from, and what it won over"))
    .argument("<env>", "environment, or environment:tenant")
    .argument("<path>", "a value, or a map whose values are explained one by one with --all")
    .option("--all", "explain every value below the path")
    .addHelpText(
      "after",
      `
What config validate finds in the environment is told on standard error, and an error there ends the command with 1.

Example:
  lotse config explain prod scaling.max_replicas --tenant nordlicht-records`,
    )
    .action((environment: string, path: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions & { all?: boolean }>();
      const session = sessionOf(context, options);
      const snapshot = session.engine.resolve(requestOf(environment, options));
      const end = tellFindings(session, [snapshot], context);
      const told = options.all === true ? explainAll(snapshot, path) : [explain(snapshot, path)];
      const values = told.map(printedExplanation);
      printResult(context, options.output ?? "table", {
        value: options.all === true ? values : values[0],
        table: (colours) => values.map((value) => explanationText(value, colours)).join("\n"),
      });
      end();
    });
}

/** `lotse config why-not ENV PATH --without LAYER` */
export function addWhyNot(parent: Command, context: Context): void {
  withScope(leaf(parent, "why-not", "tell what would win if a layer were not there"))
    .argument("<env>", "environment, or environment:tenant")
    .argument("<path>", "the value asked about")
    .requiredOption("--without <layer>", "the layer to leave out")
    .addHelpText(
      "after",
      "\nExample:\n  lotse config why-not prod:nordlicht-records logging.level --without tenant",
    )
    .action((environment: string, path: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopeOptions & { without: string }>();
      const session = sessionOf(context, options);
      const request = requestOf(environment, options);
      const end = tellFindings(session, [session.engine.resolve(request)], context);
      const value = printedExplanation(whyNot(session.engine, request, path, options.without));
      printResult(context, options.output ?? "table", {
        value,
        table: (colours) => explanationText(value, colours),
      });
      end();
    });
}

function printedExplanation(told: Explanation): PrintedExplanation {
  const { lock } = told;
  return {
    path: told.path,
    value: shownValue(told.node, told.secret),
    layer: told.layer,
    file: told.file,
    line: told.line,
    column: told.column,
    strategy: told.strategy,
    lock:
      lock === undefined
        ? null
        : {
            ...(lock.final === undefined ? {} : { final: lock.final }),
            ...(lock.overridableBy === undefined ? {} : { overridableBy: [...lock.overridableBy] }),
            ...(lock.guard === undefined ? {} : { guard: { ...lock.guard } }),
          },
    ...(told.reference === undefined || told.secret ? {} : { reference: told.reference }),
    ...(told.through.length === 0 ? {} : { through: told.through.map((where) => ({ ...where })) }),
    candidates: told.candidates.map((candidate) => printedCandidate(candidate, told.secret)),
  };
}

function printedCandidate(candidate: Candidate, secret: boolean): PrintedExplanation["candidates"][number] {
  const { node, layer, file, line, column } = candidate;
  const hidden = secret && node !== undefined && !(isScalarNode(node) && node.hasReferences);
  const value = shownValue(node, hidden);
  return { layer, file, line, column, value, ...(node === undefined ? { deletes: true as const } : {}) };
}

function explanationText(told: PrintedExplanation, colours: Colours): string {
  const lines = [`${colours.bold(told.path)} = ${inline(told.value)}`];
  if (told.reference !== undefined) lines.push(`  written as ${told.reference}`);
  for (const where of told.through ?? []) lines.push(`  through ${where.file}:${where.line}:${where.column}`);
  if (told.lock !== null) lines.push(`  lock ${inline(told.lock)}`);
  lines.push(`  strategy ${told.strategy}`);
  const rows = [
    [colours.green("won"), told.layer, place(told), inline(told.reference ?? told.value)],
    ...told.candidates.map((one) => [
      "lost",
      one.layer,
      place(one),
      one.deletes === true ? "(deletes it)" : inline(one.value),
    ]),
  ];
  const text = table(["", "LAYER", "PLACE", "VALUE"], rows).replaceAll(/^/gmu, "  ").trimEnd();
  return `${lines.join("\n")}\n${text}\n`;
}

function place({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}
