/** A commit as git has it. */
export interface Commit {
  /** The full hash. */
  readonly id: string;
  readonly message: string;
}

/** What a commit message says, by Conventional Commits. */
export interface ParsedCommit {
  readonly id: string;
  /** In lower case; null for a message that does not conform. */
  readonly type: string | null;
  readonly scope: string | null;
  /** The description, or the first line of a message that does not conform. */
  readonly subject: string;
  /** What breaks: the footers' texts, or the subject where only `!` says so; empty where nothing does. */
  readonly breaking: readonly string[];
  /** The commits that it takes back. */
  readonly reverts: readonly string[];
}

const headerPattern = /^([A-Za-z][\w-]*)(?:\(([^()\r\n]*)\))?(!)?:[ \t]+(\S[^\n]*)$/u;
const footerPattern = /^(BREAKING CHANGE|[A-Za-z][A-Za-z-]*)(?:: | #)(.*)$/u;
const revertHeader = /^Revert "(.*)"$/u;
const revertedCommit = /^This reverts commit ([0-9a-f]{7,64})\b/gmu;

/** Nobody writes longer messages; a hostile one must not take long. */
const maxMessage = 65_536;

/**
 * Reads a commit message.
 *
 * @see https://www.conventionalcommits.org/en/v1.0.0/
 */
export function parseCommit({ id, message }: Commit): ParsedCommit {
  const lines = message.slice(0, maxMessage).split(/\r\n|\n|\r/u);
  const first = (lines.find((line) => line.trim() !== "") ?? "").trim();
  const reverts = [...message.slice(0, maxMessage).matchAll(revertedCommit)].map(([, hash = ""]) => hash);
  const header = headerPattern.exec(first);
  if (header === null) {
    const reverted = revertHeader.exec(first)?.[1];
    const type = reverted === undefined ? null : "revert";
    return { id, type, scope: null, subject: reverted ?? first, breaking: [], reverts };
  }
  const [, type = "", scope, bang, subject = ""] = header;
  const told = footersOf(lines.slice(lines.findIndex((line) => line.trim() === first) + 1))
    .filter(({ token }) => token === "BREAKING CHANGE" || token === "BREAKING-CHANGE")
    .map(({ value }) => value);
  const breaking = told.length > 0 ? told : bang === undefined ? [] : [subject.trim()];
  return {
    id,
    type: type.toLowerCase(),
    scope: scope === undefined || scope.trim() === "" ? null : scope.trim(),
    subject: subject.trim(),
    breaking,
    reverts,
  };
}

interface Footer {
  readonly token: string;
  readonly value: string;
}

/**
 * Footers begin after an empty line; the text of one goes on until the next. A break counts wherever a line begins
 * with it: somebody who forgot the empty line still means it.
 */
function footersOf(lines: readonly string[]): readonly Footer[] {
  const footers: { token: string; value: string }[] = [];
  for (const [index, line] of lines.entries()) {
    const match = footerPattern.exec(line);
    const isBreak = match?.[1] === "BREAKING CHANGE" || match?.[1] === "BREAKING-CHANGE";
    const begins = isBreak || footers.length > 0 || (lines[index - 1] ?? "-").trim() === "";
    if (match !== null && begins) footers.push({ token: match[1] ?? "", value: match[2] ?? "" });
    else if (footers.length > 0) {
      const last = footers.at(-1);
      if (last !== undefined) last.value = `${last.value}\n${line}`;
    }
  }
  return footers
    .map(({ token, value }) => ({ token, value: value.trim() }))
    .filter(({ value }) => value !== "");
}

/** Leaves out each commit that another one of the same list takes back, and that one too. */
export function withoutReverted(commits: readonly ParsedCommit[]): readonly ParsedCommit[] {
  const gone = new Set<string>();
  for (const commit of commits) {
    if (gone.has(commit.id)) continue;
    const taken = commit.reverts.map((hash) => commits.find(({ id }) => id.startsWith(hash))?.id);
    // What reverts something older than the list is news itself.
    if (taken.length === 0 || taken.includes(undefined)) continue;
    gone.add(commit.id);
    for (const id of taken) if (id !== undefined) gone.add(id);
  }
  return commits.filter(({ id }) => !gone.has(id));
}
