import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareLines } from "./diff.ts";
import { unifiedDiff } from "./unified.ts";

const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });

/** The old lines turned into the new ones by what the comparison says. */
function applied(before: readonly string[], after: readonly string[]): readonly string[] {
  return compareLines(before, after).flatMap(({ same, oldStart, oldCount, newStart, newCount }) =>
    same ? before.slice(oldStart, oldStart + oldCount) : after.slice(newStart, newStart + newCount),
  );
}

/** The length of a longest common subsequence, by the table. */
function longest(before: readonly string[], after: readonly string[]): number {
  let row = Array.from({ length: after.length + 1 }, () => 0);
  for (const line of before) {
    const next = [0];
    for (const [at, other] of after.entries()) {
      next.push(line === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    }
    row = next;
  }
  return row[after.length] ?? 0;
}

describe("compareLines", () => {
  test("what it says turns the old into the new, and keeps as much as can be kept", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        expect(applied(before, after)).toEqual(after);
        const stretches = compareLines(before, after);
        const kept = stretches.filter(({ same }) => same).reduce((sum, { oldCount }) => sum + oldCount, 0);
        expect(kept).toBe(longest(before, after));
        expect(stretches.reduce((sum, { oldCount }) => sum + oldCount, 0)).toBe(before.length);
        expect(stretches.reduce((sum, { newCount }) => sum + newCount, 0)).toBe(after.length);
      }),
    );
  });

  test("texts that differ altogether are replaced as a whole", () => {
    const before = Array.from({ length: 3000 }, (_, at) => `old ${at}`);
    const after = Array.from({ length: 3000 }, (_, at) => `new ${at}`);
    expect(compareLines(["top", ...before], ["top", ...after])).toEqual([
      { same: true, oldStart: 0, newStart: 0, oldCount: 1, newCount: 1 },
      { same: false, oldStart: 1, newStart: 1, oldCount: 3000, newCount: 3000 },
    ]);
  });
});

const text = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}\n`).join("");

describe("unifiedDiff", () => {
  const shown = (before: string | undefined, after: string): string =>
    unifiedDiff({ name: "a.conf", before, after })
      .map((line) => line.text)
      .join("\n");

  // What `diff -u` of GNU diffutils 3.8 prints below its header.
  test.each([
    ["no difference", "a\n", "a\n", ""],
    ["a new file", undefined, "a\nb\n", "--- /dev/null\n+++ a.conf\n@@ -0,0 +1,2 @@\n+a\n+b"],
    ["a new empty file", undefined, "", "--- /dev/null\n+++ a.conf"],
    ["a file that gets empty", "a\n", "", "--- a.conf\n+++ a.conf\n@@ -1 +0,0 @@\n-a"],
    [
      "no line break at the end",
      "a\nb",
      "a\nb\n",
      "--- a.conf\n+++ a.conf\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b",
    ],
    [
      "three lines around a change",
      text(1, 9),
      text(1, 9).replace("line 5", "five"),
      "--- a.conf\n+++ a.conf\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+five\n line 6\n line 7\n line 8",
    ],
  ])("%s", (_, before, after, expected) => {
    expect(shown(before, after)).toBe(expected);
  });

  test.each([
    [6, 1],
    [7, 2],
  ])("changes with %i lines between them make %i hunks", (between, hunks) => {
    const before = `x\n${text(1, between)}y\n`;
    const after = before.replace("x", "X").replace("y", "Y");
    expect(shown(before, after).match(/^@@/gmu)).toHaveLength(hunks);
  });

  test("a mask hides changed lines and shows no other", () => {
    const diff = unifiedDiff({
      name: "a.env",
      before: "A=1\nB=old\n",
      after: "A=1\nB=new\n",
      mask: (side, line) => `[${side} ${line}]`,
    });
    expect(diff.map((line) => line.text)).toEqual([
      "--- a.env",
      "+++ a.env",
      "@@ -2 +2 @@",
      "-[before 2]",
      "+[after 2]",
    ]);
  });
});
