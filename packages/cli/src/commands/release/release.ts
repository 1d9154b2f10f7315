import type { Command } from "commander";
import {
  createRelease,
  policyOfRelease,
  releasesOf,
  type ReleasedPolicy,
  type ReleaseResult,
} from "@lotse/core/app";
import type { PrintedRelease } from "@lotse/core/contract";
import { exitStatuses } from "@lotse/core/kernel";
import type { Release } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import { formatDiagnostic } from "../../output/diagnostics.ts";
import { startProgress } from "../../output/progress.ts";
import { printResult } from "../../output/result.ts";
import { table } from "../../output/table.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { ExitWith, leaf } from "../leaf.ts";

/** `lotse release create | show | list` */
export function addRelease(program: Command, context: Context): void {
  const release = program.command("release").description("make and look at releases");
  addCreate(release, context);
  addShow(release, context);
  addList(release, context);
}

function addCreate(parent: Command, context: Context): void {
  leaf(parent, "create", "put code and every tenant's configuration under one hash, for good")
    .option("--version <version>", "a semantic version; the next patch if left out")
    .addHelpText(
      "after",
      `
All environments are validated first. The same content again gives the same release.

Example:
  lotse release create --version 1.4.0`,
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { version?: string }>();
      const session = sessionOf(context, options);
      const progress = startProgress(context, "validating");
      const result = await createRelease(session, options.version, progress.report);
      progress.end();
      tellFindings(context, result);
      if (result.kind === "refused") {
        context.err("no release was made: correct the errors first\n");
        throw new ExitWith(exitStatuses.findings);
      }
      const { release, created } = result.created;
      printResult(context, options.output ?? "table", {
        value: { ...printedRelease(release), created },
        table: () =>
          `${created ? "" : "unchanged since "}release ${release.version} ${release.id.slice(0, 12)}\n${releaseText(release)}`,
      });
    });
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
      const release = await store.get(reference);
      const verification = await store.verify(release);
      for (const problem of verification.problems) context.err(`damaged: ${problem}\n`);
      // What is damaged is told above; a result of the policy that cannot be read must not hide the rest.
      const policy = verification.ok ? await policyOfRelease(store, release) : null;
      printResult(context, options.output ?? "table", {
        value: { ...printedRelease(release), policy },
        table: () =>
          `release ${release.version} ${release.id}\n${releaseText(release)}${policyText(policy, context)}`,
      });
      if (!verification.ok) throw new ExitWith(exitStatuses.input);
    });
}

function addList(parent: Command, context: Context): void {
  leaf(parent, "list", "list releases, newest first").action(async (_: unknown, command: Command) => {
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
  });
}

function printedRelease(release: Release): PrintedRelease {
  const configurations = Object.fromEntries(
    Object.entries(release.configurations).map(([environment, tenants]) => [
      environment,
      Object.fromEntries(Object.entries(tenants).map(([tenant, part]) => [tenant, part.config])),
    ]),
  );
  const { id, version, createdAt, createdBy, commit, files, bytes, target } = release;
  return {
    id,
    version,
    createdAt,
    createdBy,
    commit,
    code: { digest: release.code, files, bytes },
    target,
    configurations,
  };
}

/** The result of the policy, and what failed: each check once, with how many tenants it concerns. */
function policyText(policy: ReleasedPolicy | null, { stdoutColours }: Context): string {
  if (policy === null) return "policy   not asked\n";
  const { counts, at } = policy.summary;
  const failed = policy.results.filter(({ status }) => status === "fail");
  const checks = [...new Set(failed.map(({ check }) => check))];
  const lines = checks.map((check) => {
    const here = failed.filter((one) => one.check === check);
    const scopes = here.map(({ environment, tenant }) =>
      tenant === null ? environment : `${environment}:${tenant}`,
    );
    const rest = scopes.length > 3 ? ` and ${scopes.length - 3} more` : "";
    return `         ${stdoutColours.red("fail")} ${check} (${here[0]?.severity ?? ""}) in ${scopes.slice(0, 3).join(", ")}${rest}\n`;
  });
  const told = [
    `${counts.fail} failed`,
    `${counts.unknown} unknown`,
    `${counts.waived} waived`,
    `${counts.pass} passed`,
  ];
  return `policy   ${told.join(", ")} at ${at}\n${lines.join("")}`;
}

function tenantCounts(release: Release): string {
  return Object.entries(release.configurations)
    .map(([environment, tenants]) => `${environment} ${Object.keys(tenants).length}`)
    .join(", ");
}

function releaseText(release: Release): string {
  return table(
    ["", ""],
    [
      ["created", `${release.createdAt} by ${release.createdBy}`],
      ["commit", release.commit ?? "none"],
      ["code", `${release.files} files, ${release.bytes} bytes, sha256 ${release.code.slice(0, 12)}`],
      ["tenants", tenantCounts(release)],
    ],
  ).replace(/^\s*\n/u, "");
}
