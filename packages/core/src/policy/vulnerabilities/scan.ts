import { z } from "zod";
import { severities } from "../model.ts";
import { isSamePackage, matchVersion } from "./match.ts";
import type { Advisory, Affected } from "./osv.ts";
import { packageKey, type InstalledPackage } from "./package.ts";
import { dueAt, ratingOf, type Terms } from "./severity.ts";
import { baseOf } from "./versions/index.ts";

const finding = z.strictObject({
  id: z.string().describe("the advisory, such as GHSA-… or CVE-…"),
  aliases: z.array(z.string()),
  package: z.string(),
  version: z.string(),
  ecosystem: z.string().describe("as OSV names it"),
  files: z.array(z.string()).describe("the lockfiles and lists that name the package"),
  summary: z.string().nullable(),
  severity: z.enum(severities),
  score: z.number().nullable().describe("CVSS 3 base score"),
  publishedAt: z.string().nullable(),
  firstSeenAt: z.string().describe("the first scan that found it"),
  fixedIn: z.string().nullable().describe("the first version without it"),
  dueAt: z.string().describe("when its term ends: from publication, or from when it was first seen"),
  overdue: z.boolean(),
  undecided: z.string().nullable().describe("why it could not be told whether the version is affected"),
});

/** The result of a scan, as it is kept in `.lotse/policy/vulnerabilities.json`. */
export const scanRecord = z.strictObject({
  scannedAt: z.string(),
  complete: z.boolean().describe("whether every source that was asked for answered, for every ecosystem"),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      ran: z.boolean(),
      reason: z.string().nullable().describe("why it did not run"),
      advisories: z.int().nullable(),
      newest: z.string().nullable().describe("when the newest advisory was changed"),
    }),
  ),
  files: z.array(z.string()),
  packages: z.int(),
  uncovered: z.array(z.string()).describe("ecosystems of packages that no source has an advisory for"),
  skipped: z.array(z.strictObject({ name: z.string(), file: z.string(), reason: z.string() })),
  findings: z.array(finding),
});

/** See {@link scanRecord}. */
export type ScanRecord = z.infer<typeof scanRecord>;

/** One package that an advisory is about. */
export type Finding = z.infer<typeof finding>;

/** A finding before its term is worked out. */
export type RawFinding = Omit<Finding, "firstSeenAt" | "dueAt" | "overdue">;

/** Looks packages up in advisories, one advisory after the other. */
export class PackageIndex {
  readonly #packages = new Map<string, InstalledPackage[]>();
  readonly #covered = new Set<string>();

  constructor(packages: readonly InstalledPackage[]) {
    for (const one of packages) {
      const key = packageKey(baseOf(one.ecosystem), one.name);
      const list = this.#packages.get(key);
      if (list === undefined) this.#packages.set(key, [one]);
      else list.push(one);
    }
  }

  /** The packages that an advisory is about in their installed versions. One that was withdrawn is about none. */
  find(advisory: Advisory): readonly RawFinding[] {
    for (const { package: named } of advisory.affected ?? []) {
      if (named !== undefined) this.#covered.add(baseOf(named.ecosystem));
    }
    if (typeof advisory.withdrawn === "string") return [];
    return (advisory.affected ?? []).flatMap((affected) => this.#findIn(advisory, affected));
  }

  /** Whether any advisory was about an ecosystem. */
  covers(ecosystem: string): boolean {
    return this.#covered.has(baseOf(ecosystem));
  }

  #findIn(advisory: Advisory, affected: Affected): readonly RawFinding[] {
    const named = affected.package;
    if (named === undefined) return [];
    const candidates = this.#packages.get(packageKey(baseOf(named.ecosystem), named.name)) ?? [];
    return candidates.flatMap((installed) => {
      if (!isSamePackage(installed, affected)) return [];
      const match = matchVersion(installed, affected);
      return match.affected ? [rawFinding(advisory, affected, installed, match)] : [];
    });
  }
}

function rawFinding(
  advisory: Advisory,
  affected: Affected,
  installed: InstalledPackage,
  match: ReturnType<typeof matchVersion>,
): RawFinding {
  const { severity, score } = ratingOf(advisory, affected);
  return {
    id: advisory.id,
    aliases: advisory.aliases ?? [],
    package: installed.name,
    version: installed.version,
    ecosystem: installed.ecosystem,
    files: [installed.file],
    summary: advisory.summary?.slice(0, 500) ?? null,
    severity,
    score: score ?? null,
    publishedAt: advisory.published ?? null,
    fixedIn: match.fixedIn ?? null,
    undecided: match.undecided ?? null,
  };
}

/**
 * Puts together what several sources, files and names say of one hole in one package.
 *
 * @returns one finding for each, the worst and longest overdue first
 * @param previous - the findings of the scan before, which know when each was first seen
 */
export function settleFindings(
  found: readonly RawFinding[],
  context: { readonly at: string; readonly terms: Terms; readonly previous: readonly Finding[] },
): readonly Finding[] {
  const merged: RawFinding[] = [];
  const byName = new Map<string, number>();
  for (const one of [...found].sort((left, right) =>
    left.id < right.id ? -1 : left.id > right.id ? 1 : 0,
  )) {
    const names = [one.id, ...one.aliases].map((id) =>
      JSON.stringify([one.ecosystem, one.package, one.version, id]),
    );
    const at = names.map((name) => byName.get(name)).find((index) => index !== undefined);
    const known = at === undefined ? undefined : merged[at];
    const index = at ?? merged.length;
    merged[index] = known === undefined ? one : mergeTwo(known, one);
    for (const name of names) byName.set(name, index);
  }
  const seen = new Map(context.previous.map((one) => [sameKey(one), one.firstSeenAt]));
  return merged
    .map((one): Finding => {
      const firstSeenAt = seen.get(sameKey(one)) ?? context.at;
      const due = dueAt(one.publishedAt ?? firstSeenAt, one.severity, context.terms);
      return { ...one, firstSeenAt, dueAt: due, overdue: due < context.at };
    })
    .sort(
      (left, right) =>
        severities.indexOf(left.severity) - severities.indexOf(right.severity) ||
        compare(left.dueAt, right.dueAt) ||
        compare(left.package, right.package) ||
        compare(left.id, right.id),
    );
}

function mergeTwo(one: RawFinding, other: RawFinding): RawFinding {
  const names = new Set([...one.aliases, other.id, ...other.aliases]);
  names.delete(one.id);
  const worse = severities.indexOf(other.severity) < severities.indexOf(one.severity) ? other : one;
  return {
    ...one,
    aliases: [...names].sort(compare),
    files: [...new Set([...one.files, ...other.files])].sort(compare),
    summary: one.summary ?? other.summary,
    severity: worse.severity,
    score: worse.score ?? one.score ?? other.score,
    publishedAt: one.publishedAt ?? other.publishedAt,
    fixedIn: one.fixedIn ?? other.fixedIn,
    undecided: one.undecided === null || other.undecided === null ? null : one.undecided,
  };
}

/** A term does not begin again because a package was updated to another version with the same hole. */
function sameKey({ id, package: name, ecosystem }: RawFinding): string {
  return JSON.stringify([id, name, ecosystem]);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
