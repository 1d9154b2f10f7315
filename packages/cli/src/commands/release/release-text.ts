import type { ReleasedPolicy } from "@lotse/core/app";
import type { PrintedRelease } from "@lotse/core/contract";
import type { Release, SignatureReport } from "@lotse/core/release";
import type { Context } from "../../context.ts";
import { table } from "../../output/table.ts";

/** A release as `-o json` prints it. */
export function printedRelease(release: Release): PrintedRelease {
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
    dirty: release.dirty === true,
    code: { digest: release.code, files, bytes },
    image: release.image ?? null,
    artefact: release.artefact ?? null,
    migrations: release.migrations ?? null,
    target,
    configurations,
  };
}

/** What a release is, in lines for people. */
export function releaseText(release: Release, further: readonly (readonly [string, string])[] = []): string {
  const { image, artefact, migrations = [] } = release;
  const hard = migrations.filter(({ reversible }) => !reversible).length;
  return table(
    ["", ""],
    [
      ["created", `${release.createdAt} by ${release.createdBy}`],
      ["commit", commitText(release)],
      ["code", `${release.files} files, ${release.bytes} bytes, sha256 ${release.code.slice(0, 12)}`],
      ...(image === undefined ? [] : [["image", image]]),
      ...(artefact === undefined
        ? []
        : [["artefact", `${artefact.name}, ${artefact.size} bytes, sha256 ${artefact.digest.slice(0, 12)}`]]),
      ["tenants", tenantCounts(release)],
      ...(migrations.length === 0
        ? []
        : [["migrations", `${migrations.length}${hard === 0 ? "" : `, ${hard} irreversible`}`]]),
      ...further,
    ],
  ).replace(/^\s*\n/u, "");
}

/** The width of the first column of {@link releaseText}. */
export function labelWidth({ artefact, migrations = [] }: Release): number {
  const longest = migrations.length > 0 ? "migrations" : artefact === undefined ? "created" : "artefact";
  return longest.length + 2;
}

function commitText({ commit, dirty }: Release): string {
  if (commit === null) return "none";
  return dirty === true ? `${commit}, with changes that are not committed` : commit;
}

/** How many tenants a release has in each environment. */
export function tenantCounts(release: Release): string {
  return Object.entries(release.configurations)
    .map(([environment, tenants]) => `${environment} ${Object.keys(tenants).length}`)
    .join(", ");
}

/** Who signed a release, in a few words. */
export function signatureText({ state, signers, keys, problem }: SignatureReport): string {
  if (problem !== null) return `not as it must be: ${problem}`;
  switch (state) {
    case "trusted":
      return `by ${signers.join(", ")}`;
    case "unknown":
      return `by ${keys.join(", ")}`;
    case "unsigned":
    case "wrong":
      return "no";
    default:
      return state satisfies never;
  }
}

/**
 * The result of the policy, and what failed: each check once, with how many tenants it concerns.
 *
 * @param width - of the first column, as {@link releaseText} has it
 */
export function policyText(policy: ReleasedPolicy | null, { stdoutColours }: Context, width: number): string {
  const label = "policy".padEnd(width);
  if (policy === null) return `${label}not asked\n`;
  const { counts, at } = policy.summary;
  const failed = policy.results.filter(({ status }) => status === "fail");
  const checks = [...new Set(failed.map(({ check }) => check))];
  const lines = checks.map((check) => {
    const here = failed.filter((one) => one.check === check);
    const scopes = here.map(({ environment, tenant }) =>
      tenant === null ? environment : `${environment}:${tenant}`,
    );
    const rest = scopes.length > 3 ? ` and ${scopes.length - 3} more` : "";
    return `${" ".repeat(width)}${stdoutColours.red("fail")} ${check} (${here[0]?.severity ?? ""}) in ${scopes.slice(0, 3).join(", ")}${rest}\n`;
  });
  const told = [
    `${counts.fail} failed`,
    `${counts.unknown} unknown`,
    `${counts.waived} waived`,
    `${counts.pass} passed`,
  ];
  const informal = policy.enforced ? "" : ", for information: there is no policy/policy.yml";
  return `${label}${told.join(", ")} at ${at}${informal}\n${lines.join("")}`;
}
