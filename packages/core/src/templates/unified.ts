import { compareLines, type Stretch } from "./diff.ts";

/** How a line of a unified diff is to be read. */
type DiffLineKind = "file" | "hunk" | "context" | "removed" | "added" | "note";

/** One line of a unified diff, with its mark in front. */
export interface DiffLine {
  readonly kind: DiffLineKind;
  readonly text: string;
}

/** What a diff compares. */
export interface DiffRequest {
  /** The name that the two header lines show. */
  readonly name: string;
  /** `undefined` where there is no file yet. */
  readonly before: string | undefined;
  readonly after: string;
  /**
   * Says what is shown in the place of a changed line, for texts that must not be seen; the number of the line counts
   * from 1, and lines that did not change are not shown at all. @defaultValue lines are shown as they are
   */
  readonly mask?: (side: "before" | "after", line: number) => string;
}

const around = 3;

/**
 * The difference between two texts in the unified format; empty where there is none.
 *
 * @see https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 */
export function unifiedDiff({ name, before, after, mask }: DiffRequest): readonly DiffLine[] {
  if (before === after) return [];
  const old = linesOf(before ?? "");
  const now = linesOf(after);
  const context = mask === undefined ? around : 0;
  const header: DiffLine[] = [
    { kind: "file", text: `--- ${before === undefined ? "/dev/null" : name}` },
    { kind: "file", text: `+++ ${name}` },
  ];
  const hunks = hunksOf(compareLines(old, now), context);
  return [...header, ...hunks.flatMap((hunk) => hunkLines(hunk, old, now, mask))];
}

/** A line keeps its line break, so that a missing one at the end is a difference. */
function linesOf(text: string): readonly string[] {
  return text === "" ? [] : (text.match(/[^\n]*\n|[^\n]+$/gu) ?? []);
}

/** Joins changes that are so near each other that their surroundings touch. */
function hunksOf(stretches: readonly Stretch[], context: number): readonly (readonly Stretch[])[] {
  const hunks: Stretch[][] = [];
  let open: Stretch[] | undefined;
  for (const [index, stretch] of stretches.entries()) {
    if (!stretch.same) {
      if (open === undefined) {
        const above = stretches[index - 1];
        open = above === undefined ? [] : [endOf(above, context)];
        hunks.push(open);
      }
      open.push(stretch);
    } else if (open !== undefined) {
      const near = stretch.oldCount <= 2 * context && index < stretches.length - 1;
      open.push(near ? stretch : startOf(stretch, context));
      if (!near) open = undefined;
    }
  }
  return hunks;
}

function startOf(stretch: Stretch, count: number): Stretch {
  const kept = Math.min(count, stretch.oldCount);
  return { ...stretch, oldCount: kept, newCount: kept };
}

function endOf(stretch: Stretch, count: number): Stretch {
  const left = Math.max(0, stretch.oldCount - count);
  return {
    same: true,
    oldStart: stretch.oldStart + left,
    newStart: stretch.newStart + left,
    oldCount: stretch.oldCount - left,
    newCount: stretch.newCount - left,
  };
}

function hunkLines(
  hunk: readonly Stretch[],
  old: readonly string[],
  now: readonly string[],
  mask: DiffRequest["mask"],
): readonly DiffLine[] {
  const first = hunk[0] as Stretch;
  const sum = (count: (stretch: Stretch) => number): number =>
    hunk.reduce((total, stretch) => total + count(stretch), 0);
  const left = range(
    first.oldStart,
    sum(({ oldCount }) => oldCount),
  );
  const right = range(
    first.newStart,
    sum(({ newCount }) => newCount),
  );
  const lines: DiffLine[] = [{ kind: "hunk", text: `@@ -${left} +${right} @@` }];
  const add = (kind: "context" | "removed" | "added", line: string, hidden: string | undefined): void => {
    const sign = { context: " ", removed: "-", added: "+" }[kind];
    lines.push({ kind, text: `${sign}${hidden ?? line.replace(/\n$/u, "")}` });
    if (hidden === undefined && !line.endsWith("\n"))
      lines.push({ kind: "note", text: "\\ No newline at end of file" });
  };
  for (const { same, oldStart, newStart, oldCount, newCount } of hunk) {
    for (let at = oldStart; at < oldStart + oldCount; at++) {
      add(same ? "context" : "removed", old[at] ?? "", mask?.("before", at + 1));
    }
    if (same) continue;
    for (let at = newStart; at < newStart + newCount; at++)
      add("added", now[at] ?? "", mask?.("after", at + 1));
  }
  return lines;
}

/** Lines count from 1; an empty range names the line in front of it, and a count of 1 is left out. */
function range(start: number, count: number): string {
  if (count === 1) return String(start + 1);
  return `${count === 0 ? start : start + 1},${count}`;
}
