import { parseCreationRules, type CreationRules } from "./creation-rules.ts";
import { isSameRecipient } from "./keys/age.ts";

/** One recipient more, or one less, in every rule. Of key groups the first takes a new one. */
export interface RecipientEdit {
  readonly what: "add" | "remove";
  readonly recipient: string;
}

/**
 * Changes who opens new files in the text of a `.sops.yaml`; its layout and comments stay.
 *
 * @returns the new text, the same one where nothing is to be done, or null where the file is written in a way
 * that only a person can change, or a rule would have nobody left
 * @throws LotseError `secret.rules` where the text is broken
 */
export function editCreationRules(text: string, edit: RecipientEdit): string | null {
  const before = parseCreationRules(text);
  const wanted = wantedLists(before, edit);
  if (wanted.some((list) => list.length === 0)) return null;
  if (isSame(before.lists, wanted)) return text;
  const lines = text.split("\n");
  const after = (edit.what === "remove" ? without(lines, before, edit) : withOne(lines, before, edit)).join(
    "\n",
  );
  try {
    return isSame(parseCreationRules(after).lists, wanted) ? after : null;
  } catch {
    return null;
  }
}

function wantedLists({ lists }: CreationRules, edit: RecipientEdit): readonly (readonly string[])[] {
  const isIt = (other: string): boolean => isSameRecipient(other, edit.recipient);
  if (edit.what === "remove") return lists.map((list) => list.filter((other) => !isIt(other)));
  return lists.map((list) => (list.some(isIt) ? list : [...list, edit.recipient]));
}

/** Whether the lists have the same recipients; their order is nobody's business. */
function isSame(left: readonly (readonly string[])[], right: readonly (readonly string[])[]): boolean {
  const plain = (lists: readonly (readonly string[])[]): string =>
    JSON.stringify(lists.map((list) => list.toSorted()));
  return plain(left) === plain(right);
}

const isComment = (line: string): boolean => /^\s*#/u.test(line);

/** Whether a recipient has a line to itself, as in a list or a folded text. */
function ownLine(line: string, recipient: string): RegExpExecArray | null {
  const found = new RegExp(
    `^(?<head>\\s*(?:-\\s+)?)(?<quote>["']?)${escaped(recipient)}\\k<quote>(?<end>,?)\\s*$`,
    "u",
  );
  return found.exec(line);
}

function without(lines: readonly string[], rules: CreationRules, edit: RecipientEdit): readonly string[] {
  const forms = rules.lists.flat().filter((other) => isSameRecipient(other, edit.recipient));
  let result = lines;
  for (const form of new Set(forms)) result = withoutForm(result, form);
  return result;
}

function withoutForm(lines: readonly string[], recipient: string): readonly string[] {
  const kept: string[] = [];
  const quoted = `(["']?)${escaped(recipient)}\\1`;
  for (const line of lines) {
    const own = isComment(line) ? null : ownLine(line, recipient);
    if (isComment(line) || !line.includes(recipient)) kept.push(line);
    else if (own === null) {
      const shorter = line.replace(new RegExp(`${quoted}\\s*,\\s*`, "u"), "");
      kept.push(shorter.replace(new RegExp(`\\s*,\\s*${quoted}`, "u"), ""));
    } else if (own.groups?.["end"] === "" && !own.groups["head"]?.includes("-")) {
      // It was the last one, and sops refuses a comma with nothing behind it.
      kept.push((kept.pop() ?? "").replace(/,\s*$/u, ""));
    }
  }
  return kept;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/gu, "\\$&");
}

function withOne(lines: readonly string[], rules: CreationRules, edit: RecipientEdit): readonly string[] {
  const missing = rules.lists.filter((list) => !list.some((other) => isSameRecipient(other, edit.recipient)));
  const last = new Set(missing.flatMap((list) => list.at(-1) ?? []));
  let result = lines;
  for (const form of last) result = result.flatMap((line) => addTo(line, form, edit.recipient));
  return result;
}

function addTo(line: string, last: string, recipient: string): readonly string[] {
  if (isComment(line) || !line.includes(last)) return [line];
  const own = ownLine(line, last);
  const { head = "", quote = "", end = "" } = own?.groups ?? {};
  if (own !== null && head.includes("-")) return [line, `${head}${quote}${recipient}${quote}`];
  if (own !== null && quote === "") return [`${head}${last},`, `${head}${recipient}${end}`];
  const inList = line.includes("[") ? `$<quote>${last}$<quote>, $<quote>${recipient}$<quote>` : null;
  const form = new RegExp(`(?<quote>["']?)${escaped(last)}\\k<quote>`, "u");
  return [inList === null ? line.replace(last, `${last},${recipient}`) : line.replace(form, inList)];
}
