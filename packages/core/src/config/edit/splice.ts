/** A piece of a text and what takes its place. Offsets count UTF-16 units in the old text; `end` is exclusive. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies splices that do not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = "";
  let at = 0;
  for (const splice of [...splices].sort((left, right) => left.start - right.start)) {
    result += text.slice(at, splice.start) + splice.text;
    at = splice.end;
  }
  return result + text.slice(at);
}

/** Where the line of an offset starts. A line ends with LF, CRLF or a lone CR. */
export function lineStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && !isBreak(text[at - 1])) at -= 1;
  return at;
}

/** Where the line of an offset ends, before its line break. */
export function lineEnd(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && !isBreak(text[at])) at += 1;
  return at;
}

/** Where the line after the one that ends at an offset starts; the offset itself at the end of the text. */
export function afterBreak(text: string, end: number): number {
  return text[end] === "\r" && text[end + 1] === "\n" ? end + 2 : Math.min(end + 1, text.length);
}

/** Where the line before the one that starts at an offset ends; the offset itself at the start of the text. */
export function beforeBreak(text: string, start: number): number {
  return text[start - 1] === "\n" && text[start - 2] === "\r" ? start - 2 : Math.max(start - 1, 0);
}

/** The line break of the line at an offset; the text's first one where that line has none. */
export function breakAt(text: string, offset: number): string {
  const end = lineEnd(text, offset);
  const own = text.slice(end, afterBreak(text, end));
  return own === "" ? (/\r\n|\n|\r/u.exec(text)?.[0] ?? "\n") : own;
}

/** How many units stand before an offset on its line. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** The next offset that is neither in white space nor in a comment. */
export function skipTrivia(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (text[at] === "#") at = lineEnd(text, at);
    else if (/\s/u.test(text[at] ?? "")) at += 1;
    else break;
  }
  return at;
}

/** What a file indents one level with: the first indentation in it. @defaultValue two spaces */
export function indentUnit(text: string): string {
  return /(?:^|[\r\n])([ ]+|\t+)[^\s#-]/u.exec(text)?.[1] ?? "  ";
}

function isBreak(unit: string | undefined): boolean {
  return unit === "\n" || unit === "\r";
}
