import { compareDigits } from "./debian.ts";

const form = /^(\d+(?:\.\d+)*)([a-z])?((?:_[a-z]+\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?$/u;
const suffixes = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];

/**
 * Compares Alpine versions as apk does: numbers, a letter, suffixes such as `_rc1`, and the build `-r3`.
 *
 * @returns less than, equal to or greater than 0; `undefined` where one is no Alpine version
 * @see https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd
 */
export function compareAlpine(left: string, right: string): number | undefined {
  const one = form.exec(left);
  const other = form.exec(right);
  if (one === null || other === null) return undefined;
  return (
    compareNumbers(one[1] ?? "", other[1] ?? "") ||
    (one[2] ?? "").localeCompare(other[2] ?? "", "en") ||
    compareSuffixes(one[3] ?? "", other[3] ?? "") ||
    compareDigits(one[5] ?? "0", other[5] ?? "0")
  );
}

function compareNumbers(left: string, right: string): number {
  const one = left.split(".");
  const other = right.split(".");
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const a = one[at];
    const b = other[at];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    // After the first, a part with a leading zero is compared as the text after a decimal point.
    const fraction = at > 0 && (a.startsWith("0") || b.startsWith("0"));
    const difference = fraction ? (a < b ? -1 : a > b ? 1 : 0) : compareDigits(a, b);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareSuffixes(left: string, right: string): number {
  const one = left.split("_").slice(1);
  const other = right.split("_").slice(1);
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [a, aNumber] = suffix(one[at]);
    const [b, bNumber] = suffix(other[at]);
    const difference = a - b || compareDigits(aNumber, bNumber);
    if (difference !== 0) return difference;
  }
  return 0;
}

function suffix(text = ""): readonly [rank: number, number: string] {
  const [, name = "", number = ""] = /^([a-z]*)(\d*)$/u.exec(text) ?? [];
  return [suffixes.indexOf(name), number];
}
