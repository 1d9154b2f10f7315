import { parseCommit, withoutReverted, type Commit, type ParsedCommit } from "./conventional.ts";

/** The groups of notes, in the order in which they are told. */
const groupNames = [
  "features",
  "fixes",
  "performance",
  "reverts",
  "documentation",
  "internal",
  "other",
] as const;

/** One group of notes. */
export type NoteGroup = (typeof groupNames)[number];

/** A map, so that a message with a type such as `constructor` finds nothing of JavaScript's. */
const groupOfType: ReadonlyMap<string, NoteGroup> = new Map([
  ["feat", "features"],
  ["fix", "fixes"],
  ["perf", "performance"],
  ["revert", "reverts"],
  ["docs", "documentation"],
  ...["build", "chore", "ci", "refactor", "style", "test"].map((type) => [type, "internal"] as const),
]);

/** One commit in the notes. */
interface NoteEntry {
  readonly commit: string;
  readonly scope: string | null;
  readonly subject: string;
}

/** One thing that breaks. */
interface BreakingNote {
  readonly commit: string;
  readonly scope: string | null;
  readonly text: string;
}

/** What changed between two versions. */
export interface Notes {
  /** Null for the first version. */
  readonly from: string | null;
  /** The version, or `Unreleased`. */
  readonly to: string;
  /** ISO 8601; null where it is not known. */
  readonly at: string | null;
  readonly breaking: readonly BreakingNote[];
  /** Only those that have entries. */
  readonly groups: readonly { readonly group: NoteGroup; readonly entries: readonly NoteEntry[] }[];
}

/** Makes notes out of commits, the newest first as git gives them. What was taken back is not told. */
export function notesOf(versions: Pick<Notes, "from" | "to" | "at">, commits: readonly Commit[]): Notes {
  const told = withoutReverted(commits.map(parseCommit));
  const breaking = told.flatMap(({ id, scope, breaking: texts }) =>
    texts.map((text) => ({ commit: id, scope, text })),
  );
  const groups = groupNames.flatMap((group) => {
    const entries = told
      .filter((commit) => groupOf(commit) === group)
      .map(({ id, scope, subject }) => ({ commit: id, scope, subject }));
    return entries.length === 0 ? [] : [{ group, entries }];
  });
  return { ...versions, breaking, groups };
}

function groupOf({ type }: ParsedCommit): NoteGroup {
  return (type === null ? undefined : groupOfType.get(type)) ?? "other";
}
