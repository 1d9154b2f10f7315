import { dirname, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import {
  compareFiles,
  describeFile,
  isManifest,
  mergeFiles,
  mergeManifests,
  mergeSecretFile,
  type FileTools,
  type Merged,
  type MergeInput,
  type Session,
} from "@lotse/core/app";
import { exitStatuses, replaceFile, systemClock, systemExec } from "@lotse/core/kernel";
import { formatSopsPath, type SopsComparison } from "@lotse/core/secrets";
import type { Colours, Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import type { CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { sessionAround } from "./files.ts";

/** `lotse secrets merge BASE OURS THEIRS PATH`, the merge driver of git */
export function addMerge(parent: Command, context: Context): void {
  leaf(parent, "merge", "merge three versions of a secret file by value, as git's merge driver")
    .argument("<base>", "what both sides come from: git's %O")
    .argument("<ours>", "our version, which is replaced by the result: %A")
    .argument("<theirs>", "their version: %B")
    .argument("[path]", "the file's path in the repository: %P")
    .addHelpText(
      "after",
      `
Set up by lotse secrets git-setup. What one side changed is taken; what both changed differently is a conflict:
ours stays, the names are told, and the exit status is 1. The MAC and the manifest are made anew.

Example:
  lotse secrets merge base.yml ours.yml theirs.yml environments/prod/secrets/prod.yml`,
    )
    .action(
      async (
        base: string,
        ours: string,
        theirs: string,
        path: string | undefined,
        _: unknown,
        command: Command,
      ) => {
        const options = command.optsWithGlobals<CommonOptions>();
        const full = (file: string): string => resolve(context.cwd, file);
        await merge(context, options, {
          base: full(base),
          ours: full(ours),
          theirs: full(theirs),
          path: path ?? ours,
        });
      },
    );
}

async function merge(context: Context, options: CommonOptions, input: MergeInput): Promise<void> {
  const path = resolve(context.cwd, input.path);
  // git starts a merge driver at the root of the working tree, and the workspace may be further down.
  const session = sessionAround(context, { directory: dirname(path), ...options });
  const act = async () => {
    const merged = await mergeInput(context, session, input, path);
    await replaceFile(input.ours, merged.bytes);
    return merged;
  };
  const access = { action: "secret.merge", object: input.path };
  const merged = session === null ? await act() : await session.recorder.change(access, act);
  if (!isManifest(input.path)) tellMerged(context, input.path, merged);
  if (merged.conflicts.length > 0) throw new ExitWith(exitStatuses.findings);
}

async function mergeInput(
  context: Context,
  session: Session | null,
  input: MergeInput,
  path: string,
): Promise<Merged> {
  if (session === null) return await mergeFiles(toolsOf(context), input);
  const inside = { ...input, path: relative(session.directory, path).split(sep).join("/") };
  return isManifest(input.path)
    ? await mergeManifests(session, inside)
    : await mergeSecretFile(session, inside);
}

/** On standard error, which git shows. */
function tellMerged(context: Context, path: string, { conflicts, needsRotation }: Merged): void {
  for (const name of conflicts) context.err(`${path}: both sides changed ${name}\n`);
  if (needsRotation) {
    context.err(`${path}: somebody was shut out who knows its data key: lotse secrets rekey ${path}\n`);
  }
}

/** `lotse secrets diff FILE [OTHER]` */
export function addDiff(parent: Command, context: Context): void {
  leaf(parent, "diff", "show which values differ, never what they are")
    .argument("<file>", "a secret file; by itself it is described line by line, for git diff")
    .argument("[other]", "the version to compare it with")
    .addHelpText(
      "after",
      `
Set up for git diff by lotse secrets git-setup. A value that was only encrypted anew shows as such where one of
your keys opens both versions.

Example:
  lotse secrets diff old.yml environments/prod/secrets/prod.yml`,
    )
    .action(async (file: string, other: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const session = sessionAround(context, options);
      await session?.recorder.read({ action: "secret.diff", object: file });
      const full = (path: string): string => resolve(context.cwd, path);
      if (other === undefined) {
        const lines = await describeFile(toolsOf(context), full(file), session);
        context.out(`${lines.join("\n")}\n`);
        return;
      }
      const comparison = await compareFiles(toolsOf(context), [full(file), full(other)]);
      printResult(context, options.output ?? "table", {
        value: {
          ...comparison,
          differences: comparison.differences.map(({ path, kind }) => ({ path: formatSopsPath(path), kind })),
        },
        table: (colours) => comparisonText(comparison, colours),
      });
    });
}

function toolsOf(context: Context): FileTools {
  return { variables: context.variables, exec: systemExec, clock: systemClock };
}

function comparisonText(comparison: SopsComparison, colours: Colours): string {
  const { differences, addedRecipients, removedRecipients, byValue } = comparison;
  const marks = { added: "+", removed: "-", changed: "~", "re-encrypted": "=" } as const;
  const lines = [
    ...differences.map(
      ({ path, kind }) =>
        `${marks[kind]} ${formatSopsPath(path)}${kind === "re-encrypted" ? " (encrypted anew)" : ""}`,
    ),
    ...addedRecipients.map((recipient) => colours.green(`+ recipient ${recipient}`)),
    ...removedRecipients.map((recipient) => colours.red(`- recipient ${recipient}`)),
  ];
  if (lines.length === 0) return "no difference\n";
  const note = byValue ? "" : "compared by ciphertext, as no key of yours opens both\n";
  return `${lines.join("\n")}\n${note}`;
}
