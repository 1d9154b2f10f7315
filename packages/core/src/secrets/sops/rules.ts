import { RE2JS } from "re2js";
import type { SopsPath } from "./model.ts";

/** Which values of a file are encrypted; at most one rule may be set. */
export interface RuleSet {
  readonly unencryptedSuffix?: string;
  readonly encryptedSuffix?: string;
  readonly unencryptedRegex?: string;
  readonly encryptedRegex?: string;
  readonly unencryptedCommentRegex?: string;
  readonly encryptedCommentRegex?: string;
  /** Whether the MAC covers encrypted values only. */
  readonly macOnlyEncrypted?: boolean;
}

/** The names of the rules in a file's metadata and in `.sops.yaml`. */
export const ruleNames = {
  unencryptedSuffix: "unencrypted_suffix",
  encryptedSuffix: "encrypted_suffix",
  unencryptedRegex: "unencrypted_regex",
  encryptedRegex: "encrypted_regex",
  unencryptedCommentRegex: "unencrypted_comment_regex",
  encryptedCommentRegex: "encrypted_comment_regex",
} as const satisfies Record<Exclude<keyof RuleSet, "macOnlyEncrypted">, string>;

/** What applies where a file sets no rule. */
export const defaultSuffix = "_unencrypted";

/**
 * The comments that stand directly above a value or around it: those since the value before in the same map,
 * one list for each map or list on the way from the top.
 */
export type CommentStack = readonly (readonly string[])[];

/** Decides for one value or comment. */
export type EncryptionRule = (path: SopsPath, comments: () => CommentStack, isComment: boolean) => boolean;

/** Names the rules that are set. */
export function rulesInUse(rules: RuleSet): (keyof typeof ruleNames)[] {
  return (Object.keys(ruleNames) as (keyof typeof ruleNames)[]).filter((name) => (rules[name] ?? "") !== "");
}

/** Whether a pattern is one of RE2 (https://github.com/google/re2/wiki/Syntax). */
export function isPattern(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the decision of a rule set. Suffixes and patterns are tried on every key of the path, patterns
 * unanchored (https://github.com/getsops/sops/blob/main/sops.go, `shouldBeEncrypted`).
 *
 * @throws what RE2 throws for a broken pattern; parse metadata and creation rules check it first
 */
export function compileRule(rules: RuleSet): EncryptionRule {
  const [name] = rulesInUse(rules);
  if (name === undefined) return suffixRule(defaultSuffix, false);
  const text = rules[name] ?? "";
  switch (name) {
    case "unencryptedSuffix":
      return suffixRule(text, false);
    case "encryptedSuffix":
      return suffixRule(text, true);
    case "unencryptedRegex":
      return keyRule(matcher(text), false);
    case "encryptedRegex":
      return keyRule(matcher(text), true);
    case "unencryptedCommentRegex": {
      const matches = matcher(text);
      return (_path, comments) => !comments().some((level) => level.some(matches));
    }
    case "encryptedCommentRegex": {
      const matches = matcher(text);
      return (_path, comments, isComment) => hasMark(comments(), matches, isComment);
    }
    default:
      return name satisfies never;
  }
}

function suffixRule(suffix: string, encryptMatches: boolean): EncryptionRule {
  return keyRule((key) => key.endsWith(suffix), encryptMatches);
}

function keyRule(matches: (key: string) => boolean, encryptMatches: boolean): EncryptionRule {
  const known = new Map<string, boolean>();
  const matchesOnce = (key: string): boolean => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const now = matches(key);
    known.set(key, now);
    return now;
  };
  return (path) => {
    for (const key of path) if (typeof key === "string" && matchesOnce(key)) return encryptMatches;
    return !encryptMatches;
  };
}

function matcher(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.matcher(text).find();
}

/** A comment that carries the mark itself stays readable; only what stands below it is encrypted. */
function hasMark(stack: CommentStack, matches: (text: string) => boolean, isComment: boolean): boolean {
  return stack.some((level, depth) =>
    level.some((text, at) => {
      const isSelf = isComment && depth === stack.length - 1 && at === level.length - 1;
      return !isSelf && matches(text);
    }),
  );
}
