import type { Command } from "commander";
import { createRelease, policyOfRelease, releasesOf, type ReleaseResult } from "@lotse/core/app";
import { exitStatuses, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { startProgress } from "../../output/progress.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";
import { addDiff } from "./diff.ts";
import { addNotes } from "./notes.ts";
import { addPrune } from "./prune.ts";
import {
  labelWidth,
  policyText,
  printedRelease,
  releaseText,
  signatureText,
  tenantCounts,
} from "./release-text.ts";
import { addSign, addVerify } from "./verify.ts";

/** `lotse release create | show | list | verify | sign | diff | notes | prune` */
export function addRelease(program: Command, context: Context): void {
  const release = program.command("release").description("make and look at releases");
  addCreate(release, context);
  addShow(release, context);
  addList(release, context);
  addVerify(release, context);
  addSign(release, context);
  addDiff(release, context);
  addNotes(release, context);
  addPrune(release, context);
}

interface CreateOptions extends CommonOptions {
  readonly version?: string;
  readonly prerelease?: string;
  readonly image?: string;
  readonly tag?: boolean;
  readonly dryRun?: boolean;
}

function addCreate(parent: Command, context: Context): void {
  leaf(parent, "create", "put code and what every tenant gets under one hash, for good")
    .option("--version <version>", "a semantic version; the next one by the commits if left out")
    .option("--prerelease <name>", "make a prerelease of the next version, such as rc")
    .option("--image <image>", "registry/name@sha256:digest, instead of app.image")
    .option("--tag", "also make the annotated git tag vX.Y.Z")
    .option("--dry-run", "tell what would be released, and write nothing")
    .addHelpText(
      "after",
      `
All environments are validated first. The same content again gives the same release. The next version follows the
commits since the last one: a break is major (minor below 1.0.0), feat is minor, anything else patch.

Examples:
  lotse release create --version 1.4.0
  lotse release create --tag
  lotse release create --prerelease rc --dry-run`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CreateOptions>();
      if (options.version !== undefined && options.prerelease !== undefined) {
        throw new LotseError({
          code: "usage.argument",
          message: "--prerelease chooses the version itself",
          hint: "leave out --version",
        });
      }
      const session = sessionOf(context, options);
      const progress = startProgress(context, "validating");
      const { version, prerelease, image, tag, dryRun } = options;
      const request = { version, prerelease, image, tag, dryRun, progress: progress.report };
      const result = await createRelease(session, request);
      progress.end();
      tellFindings(context, result);
      if (result.kind === "refused") {
        context.err("no release was made: correct the errors first\n");
        throw new ExitWith(exitStatuses.findings);
      }
      printCreated(context, options, result);
    });
}

function printCreated(
  context: Context,
  options: CreateOptions,
  { created: { release, created }, tag, signed, warnings }: Extract<ReleaseResult, { kind: "released" }>,
): void {
  const dryRun = options.dryRun === true;
  for (const warning of warnings)
    context.err(`lotse: ${context.stderrColours.yellow("warning")} ${warning}\n`);
  const lead = created ? (dryRun ? "would be " : "") : "unchanged since ";
  const further = [
    ...(created && !dryRun ? [["signed", signedText(signed)] as const] : []),
    ...(tag === null ? [] : [["tag", tag] as const]),
  ];
  printResult(context, options.output ?? "table", {
    value: {
      ...printedRelease(release),
      created: created && !dryRun,
      dryRun,
      tag,
      signed,
      warnings,
    },
    table: () =>
      `${lead}release ${release.version} ${release.id.slice(0, 12)}\n${releaseText(release, further)}`,
  });
}

function signedText(signed: boolean): string {
  return signed ? "yes" : "no, there is no key, and lotse.yml lists no signers";
}

function tellFindings(context: Context, { report }: ReleaseResult): void {
  for (const diagnostic of report.diagnostics)
    context.err(formatDiagnostic(diagnostic, context.stderrColours));
}

function addShow(parent: Command, context: Context): void {
  leaf(parent, "show", "show one release, after checking every byte of it")
    .argument("<release>", "id, its first six or more digits, or version")
    .action(async (reference: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const store = releasesOf(sessionOf(context, options));
      const release = await store.read(reference);
      const verification = await store.verify(release);
      for (const problem of verification.problems) context.err(`damaged: ${problem}\n`);
      // What is damaged is told above; a result of the policy that cannot be read must not hide the rest.
      const policy = verification.ok ? await policyOfRelease(store, release) : null;
      const signature = await store.signatureOf(release);
      const further = [["signed", signatureText(signature)] as const];
      printResult(context, options.output ?? "table", {
        value: { ...printedRelease(release), policy, signature },
        table: () =>
          `release ${release.version} ${release.id}\n${releaseText(release, further)}${policyText(policy, context, labelWidth(release))}`,
      });
      if (!verification.ok) throw new ExitWith(exitStatuses.input);
    });
}

function addList(parent: Command, context: Context): void {
  leaf(parent, "list", "list releases, the highest version first").action(
    async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const releases = await releasesOf(sessionOf(context, options)).list();
      printResult(context, options.output ?? "table", {
        value: releases.map(printedRelease),
        table: () =>
          releases.length === 0
            ? "no release yet: lotse release create\n"
            : table(
                ["VERSION", "ID", "CREATED", "BY", "TENANTS"],
                releases.map((release) => [
                  release.version,
                  release.id.slice(0, 12),
                  release.createdAt,
                  release.createdBy,
                  tenantCounts(release),
                ]),
              ),
      });
    },
  );
}
