/** How {@link wrapText} breaks lines. */
export interface WrapRules {
  /** Characters a line may have. */
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
}

/** Breaks one line as Python's textwrap does with white space kept inside but not at line ends. */
export function wrapText(text: string, rules: WrapRules): string[] {
  const chunks = splitChunks(text, rules.breakOnHyphens).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    const line: string[] = [];
    let length = 0;
    if (lines.length > 0 && (chunks.at(-1) ?? "").trim() === "") chunks.pop();
    for (let chunk = chunks.at(-1); chunk !== undefined; chunk = chunks.at(-1)) {
      if (length + chunk.length > rules.width) break;
      line.push(chunk);
      length += chunk.length;
      chunks.pop();
    }
    const next = chunks.at(-1);
    if (next !== undefined && next.length > rules.width) breakLong(chunks, line, length, rules);
    if (line.length > 0 && (line.at(-1) ?? "").trim() === "") line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}

function breakLong(chunks: string[], line: string[], length: number, rules: WrapRules): void {
  const chunk = chunks.at(-1) ?? "";
  const room = rules.width < 1 ? 1 : rules.width - length;
  if (!rules.breakLongWords) {
    if (line.length === 0) line.push(chunks.pop() ?? "");
    return;
  }
  let end = room;
  if (rules.breakOnHyphens && chunk.length > room) {
    const hyphen = chunk.lastIndexOf("-", room - 1);
    if (hyphen > 0 && /[^-]/.test(chunk.slice(0, hyphen))) end = hyphen + 1;
  }
  line.push(chunk.slice(0, end));
  chunks[chunks.length - 1] = chunk.slice(end);
}

/** Words and the white space between them; words also end after a hyphen between letters. */
function splitChunks(text: string, onHyphens: boolean): string[] {
  const parts = text.split(/([\t\n\v\f\r ]+)/).filter((part) => part !== "");
  if (!onHyphens) return parts;
  return parts.flatMap((part) => (part.includes("-") ? splitHyphens(part) : part));
}

/** After a hyphen that stands between letters, as Python's textwrap has it. */
const afterHyphen = /(?<=[\p{L}_]{2}-|[\p{L}_]-[\p{L}_]-)(?=[\p{L}_]-?[\p{L}_])/u;
/** A dash of several hyphens between words is a piece of its own. */
const dash = /(?<=[\p{L}\p{N}_!"'&.,?])(-{2,})(?=[\p{L}\p{N}_])/u;

/** In two steps, since a pattern that looks back over any number of hyphens takes time by their square. */
function splitHyphens(word: string): string[] {
  return word.split(afterHyphen).flatMap((part) => part.split(dash));
}
