import type { Affected } from "./osv.ts";
import { normalPypi, type InstalledPackage } from "./package.ts";
import { baseOf, compareIn, type CompareVersions } from "./versions/index.ts";

/** What an advisory means for an installed version. */
export interface Match {
  readonly affected: boolean;
  /** The first version after it without the hole, where one is known. */
  readonly fixedIn?: string;
  /** Why it could not be told; it counts as affected then. */
  readonly undecided?: string;
}

/** Whether an advisory's package is the installed one. A release that is not told matches every release. */
export function isSamePackage(installed: InstalledPackage, affected: Affected): boolean {
  const named = affected.package;
  if (named === undefined) return false;
  const base = baseOf(installed.ecosystem);
  if (base !== baseOf(named.ecosystem)) return false;
  const same =
    base === "PyPI" ? normalPypi(installed.name) === normalPypi(named.name) : installed.name === named.name;
  if (!same) return false;
  const [own, theirs] = [releaseIn(installed.ecosystem), releaseIn(named.ecosystem)];
  return own === "" || theirs === "" || own === theirs;
}

/** `12` of `Debian:12`; long-term support says nothing about which packages there are. */
function releaseIn(ecosystem: string): string {
  return ecosystem
    .split(":")
    .slice(1)
    .filter((part) => part !== "LTS" && part !== "Pro")
    .join(":");
}

/**
 * Whether a version is affected: it is in the list, or in one of the ranges.
 *
 * @see https://ossf.github.io/osv-schema/#evaluation
 */
export function matchVersion({ ecosystem, version }: InstalledPackage, affected: Affected): Match {
  const ranges = (affected.ranges ?? []).filter(({ type }) => type !== "GIT");
  let listed = affected.versions?.includes(version) ?? false;
  let fixedIn: string | undefined;
  let undecided: string | undefined;
  for (const { type, events } of ranges) {
    const compare = compareIn(ecosystem, type);
    if (compare === undefined) {
      // Where the order of versions is not known, the list is all there is; without one, it is not known.
      if (affected.versions === undefined)
        undecided = `the order of versions in ${baseOf(ecosystem)} is not known`;
      continue;
    }
    const found = inRange(version, events, compare);
    if (found === undefined) undecided = `${version} is no version that ${baseOf(ecosystem)} has`;
    else if (found.affected) {
      listed = true;
      fixedIn ??= found.fixedIn;
    }
  }
  if (listed) return fixedIn === undefined ? { affected: true } : { affected: true, fixedIn };
  return undecided === undefined ? { affected: false } : { affected: true, undecided };
}

type Events = NonNullable<Affected["ranges"]>[number]["events"];
interface Step {
  readonly kind: "introduced" | "fixed" | "last_affected" | "limit";
  readonly version: string;
}

/** @returns `undefined` where the versions cannot be compared */
function inRange(version: string, events: Events, compare: CompareVersions): Match | undefined {
  const steps = sortSteps(events.flatMap(stepsOf), compare);
  if (steps === undefined) return undefined;
  let affected = false;
  let fixedIn: string | undefined;
  for (const { kind, version: at } of steps) {
    const order = at === "0" ? 1 : compare(version, at);
    if (order === undefined) return undefined;
    if (kind === "introduced" && order >= 0) affected = true;
    else if ((kind === "fixed" || kind === "limit") && order >= 0) affected = false;
    else if (kind === "last_affected" && order > 0) affected = false;
    else if (kind === "fixed") fixedIn ??= at;
  }
  return affected && fixedIn !== undefined ? { affected, fixedIn } : { affected };
}

function stepsOf(event: Events[number]): readonly Step[] {
  return (["introduced", "fixed", "last_affected", "limit"] as const).flatMap((kind) => {
    const version = event[kind];
    return version === undefined || (kind === "limit" && version === "*") ? [] : [{ kind, version }];
  });
}

function sortSteps(steps: readonly Step[], compare: CompareVersions): readonly Step[] | undefined {
  let comparable = true;
  const sorted = [...steps].sort((left, right) => {
    if (left.version === "0" || right.version === "0") {
      return Number(right.version === "0") - Number(left.version === "0");
    }
    const order = compare(left.version, right.version);
    if (order === undefined) comparable = false;
    return order ?? 0;
  });
  return comparable ? sorted : undefined;
}
