import { createHmac } from "node:crypto";
import type { Severity } from "../../kernel/index.ts";

/**
 * A place that looks as if it held a secret. It says where and of what kind, and never holds any part of the
 * secret itself: findings are printed, logged and uploaded.
 */
export interface Finding {
  /** The rule's id, such as `jwt` or `secretlint/github`. */
  readonly rule: string;
  readonly severity: Severity;
  readonly file: string;
  /** Where the secret begins, counted from 1. */
  readonly line: number;
  /** In UTF-16 units from 1. */
  readonly column: number;
  /** The line it ends in. */
  readonly endLine: number;
  /** The column after its last character. */
  readonly endColumn: number;
  readonly message: string;
  readonly hint: string;
  /** Names this finding in a baseline; see {@link fingerprintOf}. */
  readonly fingerprint: string;
  /** The first commit that brought it in, for findings in the history. */
  readonly commit?: string;
}

/** Where in a text a rule found something. */
export interface Match {
  readonly rule: string;
  readonly severity: Severity;
  /** In UTF-16 units, from 0. */
  readonly start: number;
  /** The index after its last character. */
  readonly end: number;
  readonly message: string;
  readonly hint: string;
}

/**
 * Names a finding so that it is recognised when lines move: 32 hexadecimal digits of a keyed hash of rule, file
 * and value. Who knows the salt can test a guess of the value, but not read it out.
 */
export function fingerprintOf(salt: string, rule: string, file: string, value: string): string {
  const parts = [rule, file, value].map((part) => `${Buffer.byteLength(part)}:${part}`);
  return createHmac("sha256", salt).update(parts.join("")).digest("hex").slice(0, 32);
}
