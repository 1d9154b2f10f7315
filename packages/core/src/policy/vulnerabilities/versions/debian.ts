/**
 * Compares Debian versions as dpkg does: epoch, upstream version, revision.
 *
 * @returns less than, equal to or greater than 0
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 */
export function compareDebian(left: string, right: string): number {
  const one = split(left);
  const other = split(right);
  return (
    compareDigits(one.epoch, other.epoch) ||
    comparePart(one.upstream, other.upstream) ||
    comparePart(one.revision, other.revision)
  );
}

function split(version: string): {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
} {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? "0" : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Parts without digits and digits take turns; a tilde sorts before the end, letters before all else. */
function comparePart(left: string, right: string): number {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    while ((i < left.length && !isDigit(left, i)) || (j < right.length && !isDigit(right, j))) {
      const difference = order(left, i) - order(right, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const one = digitsAt(left, i);
    const other = digitsAt(right, j);
    const difference = compareDigits(one, other);
    if (difference !== 0) return difference;
    i += one.length;
    j += other.length;
  }
  return 0;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function order(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const character = text.charAt(at);
  if (character === "~") return -1;
  return /[A-Za-z]/u.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

function digitsAt(text: string, at: number): string {
  return /^\d*/u.exec(text.slice(at))?.[0] ?? "";
}

/** Compares whole numbers of any length; nothing counts as zero. */
export function compareDigits(left: string, right: string): number {
  const one = left.replace(/^0+/u, "");
  const other = right.replace(/^0+/u, "");
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}
