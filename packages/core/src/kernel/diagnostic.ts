import type { ErrorCode } from "./codes.ts";
import { LotseError, type Where } from "./error.ts";

/** How bad a finding is: `error` makes the answer no, `warning` and `info` do not. */
export type Severity = "error" | "warning" | "info";

/** A finding about an input, as `config validate` prints it. */
export interface Diagnostic {
  readonly code: ErrorCode;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  readonly where: Where;
  readonly related?: readonly Where[];
  /** The scope it was found in; absent where it concerns the workspace as a whole. */
  readonly environment?: string;
  readonly tenant?: string;
}

/** Turns an error into a finding. */
export function diagnosticOf(error: LotseError, severity: Severity = "error"): Diagnostic {
  return {
    code: error.code,
    severity,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    where: error.where ?? {},
    ...(error.related.length === 0 ? {} : { related: error.related }),
  };
}

/** Turns a finding into an error that can be thrown. */
export function errorOf(diagnostic: Diagnostic): LotseError {
  return new LotseError({
    code: diagnostic.code,
    message: diagnostic.message,
    hint: diagnostic.hint,
    where: diagnostic.where,
    related: diagnostic.related,
  });
}
