import type { NoteGroup, Notes } from "./notes.ts";

const headings: Readonly<Record<NoteGroup, string>> = {
  features: "Features",
  fixes: "Fixes",
  performance: "Performance",
  reverts: "Reverts",
  documentation: "Documentation",
  internal: "Internal",
  other: "Other",
};

const maxText = 2000;

/**
 * A text of a stranger as one line of Markdown that shows just that text: no markup, HTML, link, image, control
 * character, or character that changes the direction of writing.
 *
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
export function escapeMarkdown(text: string): string {
  const line = text
    .replaceAll(/\p{White_Space}+/gu, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "")
    .trim();
  const cut = line.length > maxText ? `${line.slice(0, maxText).replace(/[\uD800-\uDBFF]$/u, "")}…` : line;
  return (
    cut
      .replaceAll(/[\\`*_[\]<>&|~#$]/gu, "\\$&")
      // What would become a link by itself.
      .replaceAll("://", "\\://")
      .replaceAll(/\b(www)\./giu, "$1\\.")
      // What begins a block.
      .replace(/^([-+=:])/u, "\\$1")
      .replace(/^(\d{1,9})([.)])(?= |$)/u, "$1\\$2")
  );
}

/** Notes as a section of Markdown: a heading of the second level and lists. */
export function notesMarkdown({ to, at, breaking, groups }: Notes): string {
  const date = at === null ? "" : ` (${at.slice(0, 10)})`;
  const line = (scope: string | null, text: string, commit: string): string =>
    `- ${scope === null ? "" : `**${escapeMarkdown(scope)}:** `}${escapeMarkdown(text)} (${commit.slice(0, 8)})`;
  const sections = [
    ...(breaking.length === 0
      ? []
      : [
          ["Breaking changes", breaking.map(({ scope, text, commit }) => line(scope, text, commit))] as const,
        ]),
    ...groups.map(
      ({ group, entries }) =>
        [headings[group], entries.map(({ scope, subject, commit }) => line(scope, subject, commit))] as const,
    ),
  ];
  const body = sections.map(([heading, lines]) => `### ${heading}\n\n${lines.join("\n")}\n`).join("\n");
  return `## ${escapeMarkdown(to)}${date}\n\n${body === "" ? "No changes.\n" : body}`;
}

/** A whole changelog out of the notes of all versions, the highest first. */
export function changelogMarkdown(all: readonly Notes[]): string {
  return `# Changelog\n\n${all.map(notesMarkdown).join("\n")}`;
}
