import { meaningOf, type ErrorCode } from "./codes.ts";

/**
 * A place in an input. `line` and `column` count from 1 (columns in UTF-16 units); `path` is a configuration
 * path such as `database.postgresql.port`. What is not known is left out.
 */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
}

/** What an error is made of; see {@link LotseError}. */
export interface ErrorParts {
  readonly code: ErrorCode;
  /** What happened, in one sentence without a full stop at the end. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly where?: Where | undefined;
  /** Further places that take part, such as the lower layer of a conflict. */
  readonly related?: readonly Where[] | undefined;
  readonly cause?: unknown;
  /** Whether the same call may succeed later without any change. @defaultValue false */
  readonly retryable?: boolean | undefined;
}

/**
 * The base of every error that Lotse throws on purpose. Anything else that escapes is a defect.
 *
 * Nothing secret may go into any of its parts: they are printed, logged and sent.
 */
export class LotseError extends Error {
  override readonly name = "LotseError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: Where | undefined;
  readonly related: readonly Where[];
  readonly retryable: boolean;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.hint = parts.hint;
    this.where = parts.where;
    this.related = parts.related ?? [];
    this.retryable = parts.retryable ?? false;
  }

  /** The exit status that the command line ends with for this error. */
  get exitStatus(): number {
    return meaningOf(this.code).exit;
  }
}

/**
 * Writes a place as `file:line:column`, which terminals and editors make clickable.
 *
 * @returns the path alone where there is no file, or an empty string where nothing is known
 */
export function formatWhere(where: Where | undefined): string {
  if (where?.file === undefined) return where?.path ?? "";
  if (where.line === undefined) return where.file;
  return where.column === undefined
    ? `${where.file}:${where.line}`
    : `${where.file}:${where.line}:${where.column}`;
}

/** Whether a value is an error that Lotse threw on purpose. */
export function isLotseError(value: unknown): value is LotseError {
  return value instanceof LotseError;
}

/** Whether a value is an error of the operating system with this code, such as `ENOENT`. */
export function isSystemError(value: unknown, code: string): boolean {
  return value instanceof Error && "code" in value && value.code === code;
}
