import { z } from "zod";
import { isLotseError, type Exec } from "../../kernel/index.ts";
import type { InstalledPackage } from "./package.ts";
import { cvss3Score } from "./cvss.ts";
import type { RawFinding } from "./scan.ts";
import { severityOfScore, severityOfWord } from "./severity.ts";

const advisory = z.looseObject({
  source: z.union([z.int(), z.string()]).optional(),
  name: z.string().max(300),
  title: z.string().max(2000).optional(),
  url: z.string().max(2000).optional(),
  severity: z.string().max(40),
  cvss: z.looseObject({ vectorString: z.string().max(400).nullish() }).optional(),
});

const report = z.looseObject({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.looseObject({
      name: z.string().max(300),
      via: z.array(z.union([z.string(), advisory])),
      nodes: z.array(z.string().max(4000)).default([]),
      fixAvailable: z
        .union([z.boolean(), z.looseObject({ name: z.string(), version: z.string() })])
        .default(false),
    }),
  ),
});

/** How `npm audit` went. */
export type NpmAudit =
  | { readonly ran: true; readonly findings: readonly RawFinding[] }
  /** The registry refused, npm is missing, or it printed something else: nothing is known. */
  | { readonly ran: false; readonly reason: string };

/**
 * Asks npm's registry about a lockfile. A refusal is an answer of its own, and never an empty list.
 *
 * @param directory - the absolute path of the directory with the lockfile
 * @param packages - what the lockfile holds; npm tells no versions
 * @see https://docs.npmjs.com/cli/commands/npm-audit
 */
export async function runNpmAudit(
  exec: Exec,
  directory: string,
  file: string,
  packages: readonly InstalledPackage[],
): Promise<NpmAudit> {
  let stdout: string;
  try {
    ({ stdout } = await exec("npm", ["audit", "--json", "--package-lock-only"], {
      cwd: directory,
      timeoutMs: 120_000,
    }));
  } catch (error) {
    if (isLotseError(error)) return { ran: false, reason: error.message };
    throw error;
  }
  return readNpmAudit(stdout, file, packages);
}

/** Reads what `npm audit --json` printed. */
export function readNpmAudit(stdout: string, file: string, packages: readonly InstalledPackage[]): NpmAudit {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return { ran: false, reason: "npm audit printed no JSON" };
  }
  const parsed = report.safeParse(value);
  if (!parsed.success) return { ran: false, reason: refusalIn(value) };
  const findings = Object.values(parsed.data.vulnerabilities).flatMap(({ name, via, fixAvailable }) =>
    via
      .filter((one) => typeof one !== "string")
      .filter((one) => one.name === name)
      .flatMap((one) => findingsOf(one, file, packages, fixAvailable)),
  );
  return { ran: true, findings };
}

function refusalIn(value: unknown): string {
  const error = z
    .looseObject({
      message: z.string().optional(),
      error: z.looseObject({ summary: z.string().optional() }).optional(),
    })
    .safeParse(value);
  const text = error.success ? error.data.error?.summary || error.data.message : undefined;
  const line = text?.split("\n")[0]?.slice(0, 300) ?? "";
  return line === "" ? "npm audit printed no report of version 2" : `npm audit was refused: ${line}`;
}

function findingsOf(
  one: z.infer<typeof advisory>,
  file: string,
  packages: readonly InstalledPackage[],
  fix: boolean | { readonly name: string; readonly version: string },
): readonly RawFinding[] {
  const id = one.url?.split("/").at(-1) ?? `npm:${one.source ?? one.name}`;
  const score = one.cvss?.vectorString === undefined ? undefined : cvss3Score(one.cvss.vectorString ?? "");
  const versions = [
    ...new Set(packages.filter(({ name }) => name === one.name).map(({ version }) => version)),
  ];
  return (versions.length === 0 ? ["unknown"] : versions).map((version) => ({
    id,
    aliases: [],
    package: one.name,
    version,
    ecosystem: "npm",
    files: [file],
    summary: one.title ?? null,
    severity: score === undefined ? (severityOfWord(one.severity) ?? "high") : severityOfScore(score),
    score: score ?? null,
    publishedAt: null,
    fixedIn: typeof fix === "object" && fix.name === one.name ? fix.version : null,
    undecided: versions.length > 1 ? "npm does not say which of the installed versions" : null,
  }));
}
