/** The delimiters and white space rules of an environment, under Jinja2's names. */
export interface SyntaxOptions {
  /** @defaultValue `{%` */
  readonly blockStartString: string;
  /** @defaultValue `%}` */
  readonly blockEndString: string;
  /** @defaultValue `{{` */
  readonly variableStartString: string;
  /** @defaultValue `}}` */
  readonly variableEndString: string;
  /** @defaultValue `{#` */
  readonly commentStartString: string;
  /** @defaultValue `#}` */
  readonly commentEndString: string;
  /** A line that starts with it is a statement. @defaultValue none */
  readonly lineStatementPrefix: string | undefined;
  /** The rest of a line from it on is a comment. @defaultValue none */
  readonly lineCommentPrefix: string | undefined;
  /** Drop the first newline after a block. @defaultValue false */
  readonly trimBlocks: boolean;
  /** Drop white space between the start of a line and a block. @defaultValue false */
  readonly lstripBlocks: boolean;
  /** What every line end of the template becomes. @defaultValue `\n` */
  readonly newlineSequence: "\n" | "\r\n" | "\r";
  /** Keep the one newline at the end of the template. @defaultValue false */
  readonly keepTrailingNewline: boolean;
}

/** Jinja2's defaults. */
export const defaultSyntax: SyntaxOptions = {
  blockStartString: "{%",
  blockEndString: "%}",
  variableStartString: "{{",
  variableEndString: "}}",
  commentStartString: "{#",
  commentEndString: "#}",
  lineStatementPrefix: undefined,
  lineCommentPrefix: undefined,
  trimBlocks: false,
  lstripBlocks: false,
  newlineSequence: "\n",
  keepTrailingNewline: false,
};

/** The regular expressions one set of delimiters needs; all without backtracking into earlier text. */
export interface SyntaxPatterns {
  /** Next tag of any kind; the named group that matched says which, `sign` follows it. */
  readonly root: RegExp;
  readonly variableEnd: RegExp;
  readonly blockEnd: RegExp;
  readonly lineStatementEnd: RegExp;
  readonly commentEnd: RegExp;
  readonly rawEnd: RegExp;
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Builds the patterns of a syntax. */
export function compileSyntax(syntax: SyntaxOptions): SyntaxPatterns {
  const blockStart = escapePattern(syntax.blockStartString);
  const blockEnd = escapePattern(syntax.blockEndString);
  const variableEnd = escapePattern(syntax.variableEndString);
  const commentEnd = escapePattern(syntax.commentEndString);
  const newline = syntax.trimBlocks ? "\\n?" : "";
  const closing = `(?:\\+${blockEnd}|-${blockEnd}\\s*|${blockEnd}${newline})`;
  return {
    root: new RegExp(rootAlternatives(syntax, blockStart, blockEnd).join("|"), "gm"),
    variableEnd: new RegExp(`-${variableEnd}\\s*|${variableEnd}`, "y"),
    blockEnd: new RegExp(closing, "y"),
    lineStatementEnd: /\s*(?:\n|$)/my,
    commentEnd: new RegExp(`\\+${commentEnd}|-${commentEnd}\\s*|${commentEnd}${newline}`, "g"),
    rawEnd: new RegExp(`${blockStart}([-+]?)\\s*endraw\\s*${closing}`, "g"),
  };
}

function rootAlternatives(syntax: SyntaxOptions, blockStart: string, blockEnd: string): string[] {
  const tags = [
    { name: "comment", start: syntax.commentStartString },
    { name: "block", start: syntax.blockStartString },
    { name: "variable", start: syntax.variableStartString },
  ].map(({ name, start }) => ({ name, length: start.length, pattern: escapePattern(start) }));
  const statement = syntax.lineStatementPrefix;
  if (statement !== undefined && statement !== "") {
    const pattern = `^[ \\t\\v]*${escapePattern(statement)}`;
    tags.push({ name: "lineStatement", length: statement.length, pattern });
  }
  const comment = syntax.lineCommentPrefix;
  if (comment !== undefined && comment !== "") {
    const pattern = `(?:^|(?<=\\S))[^\\S\\r\\n]*${escapePattern(comment)}`;
    tags.push({ name: "lineComment", length: comment.length, pattern });
  }
  // A longer delimiter wins over a shorter one that starts the same.
  tags.sort((a, b) => b.length - a.length || (a.name < b.name ? 1 : -1));
  const raw = `(?<raw>${blockStart}(?<rawSign>[-+]?)\\s*raw\\s*(?:-${blockEnd}\\s*|${blockEnd}))`;
  return [raw, ...tags.map((tag) => `(?<${tag.name}>${tag.pattern}(?<${tag.name}Sign>[-+]?))`)];
}
