import { compareDigits } from "./debian.ts";

// The form of PEP 440, appendix B, with what is written in other ways made equal before.
const form =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?<preNumber>\d*))?(?:-(?<implicit>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d*))?(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/u;

/**
 * Compares Python versions by PEP 440.
 *
 * @returns less than, equal to or greater than 0; `undefined` where one is no such version
 * @see https://packaging.python.org/en/latest/specifications/version-specifiers/#summary-of-permitted-suffixes-and-relative-ordering
 */
export function comparePypi(left: string, right: string): number | undefined {
  const one = form.exec(left.trim().toLowerCase())?.groups;
  const other = form.exec(right.trim().toLowerCase())?.groups;
  if (one === undefined || other === undefined) return undefined;
  return (
    compareDigits(one["epoch"] ?? "", other["epoch"] ?? "") ||
    compareReleases(one["release"] ?? "", other["release"] ?? "") ||
    compareKeys(preKey(one), preKey(other)) ||
    compareKeys(postKey(one), postKey(other)) ||
    compareKeys(devKey(one), devKey(other)) ||
    compareLocal(one["local"], other["local"])
  );
}

type Groups = Readonly<Record<string, string | undefined>>;
type Key = readonly [rank: number, number: string];

function compareReleases(left: string, right: string): number {
  const one = left.split(".");
  const other = right.split(".");
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const difference = compareDigits(one[at] ?? "", other[at] ?? "");
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareKeys(left: Key, right: Key): number {
  return left[0] - right[0] || compareDigits(left[1], right[1]);
}

/** A development release of no pre-release comes before all pre-releases, a final release after them. */
function preKey({ pre, preNumber, post, implicit, dev }: Groups): Key {
  if (pre !== undefined) {
    const rank = pre.startsWith("a") ? 1 : pre.startsWith("b") ? 2 : 3;
    return [rank, preNumber ?? ""];
  }
  return [dev !== undefined && post === undefined && implicit === undefined ? 0 : 4, ""];
}

function postKey({ post, postNumber, implicit }: Groups): Key {
  if (implicit !== undefined) return [1, implicit];
  return post === undefined ? [0, ""] : [1, postNumber ?? ""];
}

function devKey({ dev, devNumber }: Groups): Key {
  return dev === undefined ? [1, ""] : [0, devNumber ?? ""];
}

function compareLocal(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  const one = left.split(/[-_.]/u);
  const other = right.split(/[-_.]/u);
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const a = one[at];
    const b = other[at];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    const [aNumber, bNumber] = [/^\d+$/u.test(a), /^\d+$/u.test(b)];
    if (aNumber !== bNumber) return aNumber ? 1 : -1;
    const difference = aNumber ? compareDigits(a, b) : a < b ? -1 : a > b ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}
