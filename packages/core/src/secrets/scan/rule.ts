import type { Severity } from "../../kernel/index.ts";

/** What a rule is given of a file. */
export interface Source {
  readonly text: string;
  /** The path, with forward slashes. */
  readonly file: string;
}

/** A stretch of a text, in UTF-16 units from 0; the end is exclusive. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** One kind of secret and how to find it. */
export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What stands there, in a sentence without its value. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** Whether it is looked for in lock files, which are full of hashes. */
  readonly inLockFiles: boolean;
  /** The rule runs only where one of these stands in the text; empty for always, and then other rules take precedence. */
  readonly anchors: readonly string[];
  find(source: Source): Iterable<Stretch>;
}

/** What most rules are: a pattern, and perhaps a check of what it found. */
export interface PatternRule {
  readonly id: string;
  readonly severity?: Severity;
  readonly message: string;
  /** @defaultValue {@link rotate} */
  readonly hint?: string;
  readonly inLockFiles?: boolean;
  readonly anchors: readonly string[];
  /** Global; a group called `value` is the secret, otherwise all of it. */
  readonly pattern: RegExp;
  readonly accepts?: (value: string, match: RegExpExecArray) => boolean;
}

/** What to do about a secret that everybody could read. */
export const rotate =
  "take it out, keep it with lotse secrets set, and replace the secret where it is used: it has been seen";

/** Makes a rule of a pattern. */
export function patternRule(parts: PatternRule): Rule {
  return {
    id: parts.id,
    severity: parts.severity ?? "error",
    message: parts.message,
    hint: parts.hint ?? rotate,
    inLockFiles: parts.inLockFiles ?? false,
    anchors: parts.anchors,
    *find({ text }) {
      for (const match of text.matchAll(parts.pattern)) {
        const value = match.groups?.["value"] ?? match[0];
        if (parts.accepts !== undefined && !parts.accepts(value, match)) continue;
        const start = match.index + match[0].lastIndexOf(value);
        yield { start, end: start + value.length };
      }
    },
  };
}
