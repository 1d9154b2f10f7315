import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCommit, withoutReverted, type Commit } from "./conventional.ts";
import { changelogMarkdown, escapeMarkdown, notesMarkdown } from "./markdown.ts";
import { nextVersion } from "./next-version.ts";
import { notesOf } from "./notes.ts";

const id = (digit: string): string => digit.repeat(40);
const commit = (message: string, digit = "a"): Commit => ({ id: id(digit), message });

describe("a commit message", () => {
  it.each<[string, object]>([
    ["feat: allow one", { type: "feat", scope: null, subject: "allow one", breaking: [] }],
    ["feat(lang): add Polish", { type: "feat", scope: "lang", subject: "add Polish", breaking: [] }],
    ["feat!: send mail", { type: "feat", breaking: ["send mail"] }],
    ["feat(api)!: send mail", { type: "feat", scope: "api", breaking: ["send mail"] }],
    ["Fix(API): Case", { type: "fix", scope: "API", subject: "Case" }],
    [
      "chore!: drop support\n\nBREAKING CHANGE: use newer\nfeatures",
      { breaking: ["use newer\nfeatures"], subject: "drop support" },
    ],
    ["fix: a\n\nbody\n\nBREAKING CHANGE: one\nBREAKING-CHANGE: two", { breaking: ["one", "two"] }],
    ["fix: a\n\nbody\n\nReviewed-by: Z\nRefs #123", { breaking: [] }],
    ["fix: a\n\nRefs #1\n\nBREAKING CHANGE #the hash form", { breaking: ["the hash form"] }],
    // Only in capitals, and only where a footer may stand.
    ["fix: a\n\nbreaking change: no", { breaking: [] }],
    ["fix: a\nBREAKING CHANGE: without an empty line", { breaking: ["without an empty line"] }],
    ["fix: a\n\nsee BREAKING CHANGE: in the middle", { breaking: [] }],
    ["feat: a\u2028b", { type: "feat", subject: "a\u2028b" }],
    ["fix: a\r\n\r\nBREAKING CHANGE: windows\r\n", { breaking: ["windows"] }],
    ["docs: correct spelling\n", { type: "docs", subject: "correct spelling" }],
    ["\n\n  feat: indented", { type: "feat", subject: "indented" }],
    ["no type at all", { type: null, subject: "no type at all" }],
    ["feat : space", { type: null }],
    ["feat:no space", { type: null }],
    ["feat(): empty scope", { type: "feat", scope: null }],
    ["Merge branch 'x'", { type: null }],
    ["", { type: null, subject: "" }],
    [
      'Revert "feat: one"\n\nThis reverts commit abcdef1234.',
      { type: "revert", subject: "feat: one", reverts: ["abcdef1234"] },
    ],
    ["constructor: of objects", { type: "constructor" }],
  ])("%j", (message, expected) => expect(parseCommit(commit(message))).toMatchObject(expected));

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (message) => {
        expect(parseCommit(commit(message)).subject).not.toContain("\n");
      }),
    );
    const long = `feat: ${"a".repeat(1e6)}\n\n${"b: ".repeat(1e5)}`;
    expect(parseCommit(commit(long)).type).toBe("feat");
  });

  it("is left out with the one that it takes back", () => {
    const all = [
      commit(`Revert "feat: one"\n\nThis reverts commit ${id("b")}.`, "c"),
      commit("feat: one", "b"),
      commit(`revert: older\n\nThis reverts commit ${id("f")}.`, "d"),
      commit("fix: two", "a"),
    ].map(parseCommit);
    expect(withoutReverted(all).map(({ subject }) => subject)).toEqual(["older", "two"]);
  });

  it("counts again when its revert is reverted", () => {
    const all = [
      commit(`Revert "Revert"\n\nThis reverts commit ${id("c")}.`, "d"),
      commit(`Revert "feat: one"\n\nThis reverts commit ${id("b")}.`, "c"),
      commit("feat: one", "b"),
    ].map(parseCommit);
    expect(withoutReverted(all).map(({ subject }) => subject)).toEqual(["one"]);
  });
});

describe("the next version", () => {
  const [feat, fix, chore, breaking] = ["feat: a", "fix: a", "chore: a", "fix!: a"];
  it.each<[string, string[], string[], string | undefined, string]>([
    ["the first", [], [], undefined, "0.1.0"],
    ["a fix", ["1.2.3"], [fix], undefined, "1.2.4"],
    ["a feature", ["1.2.3"], [fix, feat], undefined, "1.3.0"],
    ["a break", ["1.2.3"], [feat, breaking], undefined, "2.0.0"],
    ["nothing that counts", ["1.2.3"], [chore, "words"], undefined, "1.2.4"],
    ["no commits, as outside git", ["1.2.3"], [], undefined, "1.2.4"],
    ["a break below 1.0.0", ["0.2.3"], [breaking], undefined, "0.3.0"],
    ["a feature below 1.0.0", ["0.2.3"], [feat], undefined, "0.3.0"],
    ["a fix below 1.0.0", ["0.2.3"], [fix], undefined, "0.2.4"],
    ["the highest counts, not the newest", ["2.0.0", "1.9.9"], [fix], undefined, "2.0.1"],
    ["what a prerelease announced", ["1.2.3", "1.3.0-rc.1"], [fix], undefined, "1.3.0"],
    ["more than a prerelease announced", ["1.2.3", "1.3.0-rc.1"], [breaking], undefined, "2.0.0"],
    ["the first prerelease", ["1.2.3"], [feat], "rc", "1.3.0-rc.1"],
    ["the second prerelease", ["1.2.3", "1.3.0-rc.1"], [feat], "rc", "1.3.0-rc.2"],
    ["the eleventh prerelease", ["1.2.3", "1.3.0-rc.9", "1.3.0-rc.10"], [feat], "rc", "1.3.0-rc.11"],
    ["another kind of prerelease", ["1.2.3", "1.3.0-beta.4"], [feat], "rc", "1.3.0-rc.1"],
    ["a prerelease of the first", [], [feat], "rc", "0.1.0-rc.1"],
    ["after a prerelease of the first", ["0.1.0-rc.1"], [feat], undefined, "0.1.0"],
  ])("%s", (_, versions, messages, prerelease, expected) => {
    const commits = messages.map((message) => parseCommit(commit(message)));
    expect(nextVersion({ versions, commits, prerelease })).toBe(expected);
  });

  it.each(["", "1", "a.b", "ä", "a b", "x".repeat(65)])("refuses the prerelease %j", (prerelease) => {
    expect(() => nextVersion({ versions: [], commits: [], prerelease })).toThrow(/cannot name a prerelease/u);
  });
});

const hostile = [
  commit("feat(<img src=x>): <script>alert(1)</script> [click](javascript:alert(1))", "1"),
  commit("fix: # heading\u202E gnp.exe \u0007 ![x](y) `code` https://evil.example www.evil.example", "2"),
  commit("- - - a rule", "3"),
  commit("1. a list | of | cells", "4"),
  commit("feat: \u001b[31mred\u001b[0m\u2028next line", "5"),
];

describe("notes", () => {
  const all = [
    commit("feat(api)!: rename a\n\nBREAKING CHANGE: `a` is `b`", "1"),
    commit("feat: two", "2"),
    commit("fix(db): three", "3"),
    commit("perf: four", "4"),
    commit("docs: five", "5"),
    commit("ci: six", "6"),
    commit("wip", "7"),
    commit("constructor: eight", "8"),
  ];

  it("are grouped", () => {
    const { breaking, groups } = notesOf({ from: "1.0.0", to: "2.0.0", at: null }, all);
    expect(breaking).toEqual([{ commit: id("1"), scope: "api", text: "`a` is `b`" }]);
    expect(groups.map(({ group, entries }) => [group, entries.length])).toEqual([
      ["features", 2],
      ["fixes", 1],
      ["performance", 1],
      ["documentation", 1],
      ["internal", 1],
      ["other", 2],
    ]);
  });

  it("are written as Markdown", async () => {
    const notes = notesOf({ from: "1.0.0", to: "2.0.0", at: "2026-11-21T10:00:00Z" }, all);
    await expect(notesMarkdown(notes)).toMatchFileSnapshot("golden/notes.md");
  });

  it("of hostile messages hold no markup of theirs", async () => {
    const notes = notesOf({ from: null, to: "1.0.0", at: null }, hostile);
    await expect(notesMarkdown(notes)).toMatchFileSnapshot("golden/hostile.md");
  });

  it("of all versions are a changelog", async () => {
    const unreleased = notesOf({ from: "2.0.0", to: "Unreleased", at: null }, [commit("fix: nine", "9")]);
    const second = notesOf({ from: "1.0.0", to: "2.0.0", at: "2026-11-21T10:00:00Z" }, all);
    const first = notesOf({ from: null, to: "1.0.0", at: "2026-11-20T10:00:00Z" }, []);
    await expect(changelogMarkdown([unreleased, second, first])).toMatchFileSnapshot("golden/changelog.md");
  });
});

describe("a stranger's text in Markdown", () => {
  it("is one line without control, format and unescaped markup characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        const bare = escaped.replaceAll(/\\[!-/:-@[-`{-~]/gu, "");
        expect(bare).not.toMatch(/[\\`*_[\]<>&|~#$]/u);
        expect(bare).not.toMatch(/^(?:[-+=:]|\d{1,9}[.)](?: |$))/u);
        expect(bare).not.toMatch(/:\/\/|\bwww\./u);
      }),
      { numRuns: 2000 },
    );
  });

  it("says the same once it is read", () => {
    const text = "a *b* _c_ `d` [e](f) <g> & h | i ~ # $ 1.0";
    expect(escapeMarkdown(text).replaceAll(/\\([!-/:-@[-`{-~])/gu, "$1")).toBe(text);
  });
});
