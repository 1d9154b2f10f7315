/**
 * Makes a test for slash-separated relative paths out of exclude patterns, in the manner of `.gitignore`:
 * `*` and `?` stay within a name, `**` crosses names, a pattern without a slash fits at any depth, one with a
 * slash counts from the top, and what fits a directory leaves out all in it.
 */
export function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const tests = patterns.map((pattern) => regexOf(pattern));
  return (path) => tests.some((test) => test.test(path));
}

function regexOf(pattern: string): RegExp {
  const trimmed = pattern.replace(/^\.?\//u, "").replace(/\/+$/u, "");
  const anchored = pattern.startsWith("/") || pattern.startsWith("./") || trimmed.includes("/");
  const body = trimmed
    .split(/(\*\*\/|\*\*|\*|\?)/u)
    .map((part) => pieceOf(part))
    .join("");
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${body}(?:/.*)?$`, "u");
}

function pieceOf(part: string): string {
  switch (part) {
    case "**/":
      return "(?:.*/)?";
    case "**":
      return ".*";
    case "*":
      return "[^/]*";
    case "?":
      return "[^/]";
    default:
      return part.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");
  }
}
