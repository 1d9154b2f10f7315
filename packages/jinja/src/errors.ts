/** The code of every error this package throws, by the name of its class or of Python's exception. */
export const errorCodes = {
  TemplateSyntaxError: "JINJA_SYNTAX",
  TemplateAssertionError: "JINJA_ASSERTION",
  TemplateRuntimeError: "JINJA_RUNTIME",
  UndefinedError: "JINJA_UNDEFINED",
  SecurityError: "JINJA_SECURITY",
  FilterArgumentError: "JINJA_FILTER_ARGUMENT",
  TemplateNotFound: "JINJA_NOT_FOUND",
  TemplatesNotFound: "JINJA_NOT_FOUND",
  StepLimitError: "JINJA_LIMIT_STEPS",
  RangeLimitError: "JINJA_LIMIT_RANGE",
  OutputLimitError: "JINJA_LIMIT_OUTPUT",
  DepthLimitError: "JINJA_LIMIT_DEPTH",
  SizeLimitError: "JINJA_LIMIT_SIZE",
  HostError: "JINJA_HOST",
  TypeError: "JINJA_TYPE",
  ValueError: "JINJA_VALUE",
  KeyError: "JINJA_KEY",
  IndexError: "JINJA_INDEX",
  AttributeError: "JINJA_ATTRIBUTE",
  ZeroDivisionError: "JINJA_ZERO_DIVISION",
  OverflowError: "JINJA_OVERFLOW",
  LookupError: "JINJA_LOOKUP",
  RuntimeError: "JINJA_PYTHON_RUNTIME",
  UnicodeError: "JINJA_UNICODE",
} as const;

/** The names that may stand in `JinjaError.name`. */
export type ErrorName = keyof typeof errorCodes;
/** The values that may stand in `JinjaError.code`. */
export type ErrorCode = (typeof errorCodes)[ErrorName];
/** Python's exception classes that template code can raise. */
export type PythonErrorName =
  | "TypeError"
  | "ValueError"
  | "KeyError"
  | "IndexError"
  | "AttributeError"
  | "ZeroDivisionError"
  | "OverflowError"
  | "LookupError"
  | "RuntimeError"
  | "UnicodeError";

/** A place in a template; `line` and `column` count from 1. */
export interface Where {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Path of the configuration leaf, where one is to blame. */
  readonly path?: string;
}

/** One step of the way from the rendered template to the place of the error. */
export interface TraceStep {
  readonly kind: "include" | "import" | "extends" | "macro" | "block";
  readonly name: string;
  /** Where it was called from; unset for a call from the host. */
  where?: Where;
}

/** Base of all errors of this package: branch on `code`, never on the text. */
export class JinjaError extends Error {
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** Where it happened; unset until the renderer or parser knows. */
  where: Where | undefined;
  /** The text of the line at `where`. */
  sourceLine: string | undefined;
  /** Includes, macros and blocks that were open, innermost first. */
  readonly chain: TraceStep[] = [];

  constructor(name: ErrorName, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.code = errorCodes[name];
    this.hint = options.hint;
  }

  /** Name, message, place, source line with caret, and the chain: several lines for a person. */
  describe(): string {
    const lines = [`${this.name}: ${this.message}`];
    if (this.where !== undefined) {
      lines.push(`  at ${this.where.file}:${this.where.line}:${this.where.column}`);
      if (this.sourceLine !== undefined) {
        const gutter = `  ${this.where.line} | `;
        const before = this.sourceLine.slice(0, this.where.column - 1).replace(/[^\t]/g, " ");
        lines.push(`${gutter}${this.sourceLine}`, `${" ".repeat(gutter.length)}${before}^`);
      }
    }
    for (const step of this.chain) {
      const from = step.where === undefined ? "" : ` from ${step.where.file}:${step.where.line}`;
      lines.push(`  in ${step.kind} '${step.name}'${from}`);
    }
    if (this.hint !== undefined) lines.push(`  hint: ${this.hint}`);
    return lines.join("\n");
  }

  /** Same as {@link describe}, so that an uncaught error shows its place. */
  override toString(): string {
    return this.describe();
  }
}

/** Jinja2's `TemplateError`: what the template itself did wrong. */
export class TemplateError extends JinjaError {}

/** The source does not parse. */
export class TemplateSyntaxError extends TemplateError {
  constructor(message: string, name: ErrorName = "TemplateSyntaxError") {
    super(name, message);
  }
}

/** The source parses but names a filter, test or block that cannot be. */
export class TemplateAssertionError extends TemplateSyntaxError {
  constructor(message: string) {
    super(message, "TemplateAssertionError");
  }
}

/** Rendering failed for a reason of Jinja2's own. */
export class TemplateRuntimeError extends TemplateError {
  constructor(message: string, name: ErrorName = "TemplateRuntimeError") {
    super(name, message);
  }
}

/** An undefined value was used where its class forbids it. */
export class UndefinedError extends TemplateRuntimeError {
  constructor(message: string) {
    super(message, "UndefinedError");
  }
}

/** The template asked for something the sandbox keeps from it. */
export class SecurityError extends TemplateRuntimeError {
  constructor(message: string) {
    super(message, "SecurityError");
  }
}

/** A filter got an argument it has no meaning for. */
export class FilterArgumentError extends TemplateRuntimeError {
  constructor(message: string) {
    super(message, "FilterArgumentError");
  }
}

/** No loader knows the template; `templates` holds all names that were tried. */
export class TemplateNotFound extends TemplateError {
  readonly templates: readonly string[];

  constructor(templates: readonly string[], message?: string) {
    const many = templates.length !== 1;
    super(
      many ? "TemplatesNotFound" : "TemplateNotFound",
      message ??
        (many ? `none of the templates given were found: ${templates.join(", ")}` : (templates[0] ?? "")),
    );
    this.templates = templates;
  }
}

/** Python's own exceptions: `name` is Python's name for it. */
export class PythonError extends JinjaError {
  declare name: PythonErrorName;
}

/** A limit of the sandbox was reached; the subclasses name which. */
export class LimitError extends JinjaError {}

/** More work than `limits.maxSteps`. */
export class StepLimitError extends LimitError {
  constructor(maxSteps: number) {
    super("StepLimitError", `the template needs more than ${maxSteps} steps`, {
      hint: "raise limits.maxSteps if the template is trusted",
    });
  }
}

/** `range()` with more than `limits.maxRange` items. */
export class RangeLimitError extends LimitError {
  constructor(maxRange: number) {
    super("RangeLimitError", `range too big: the sandbox allows at most ${maxRange} items`, {
      hint: "raise limits.maxRange if the template is trusted",
    });
  }
}

/** The output is longer than `limits.maxOutputSize`. */
export class OutputLimitError extends LimitError {
  constructor(maxOutputSize: number) {
    super("OutputLimitError", `the output is longer than ${maxOutputSize} characters`, {
      hint: "raise limits.maxOutputSize if the template is trusted",
    });
  }
}

/** Includes, macros, blocks, values or expressions nested deeper than `limits.maxDepth`. */
export class DepthLimitError extends LimitError {
  constructor(what: string) {
    super("DepthLimitError", `${what} nested too deeply`, {
      hint: "look for a macro, include or value that contains itself",
    });
  }
}

/** One string, list or integer is larger than `limits.maxValueSize`. */
export class SizeLimitError extends LimitError {
  constructor(what: string, maxValueSize: number) {
    super("SizeLimitError", `${what} would be larger than ${maxValueSize}`, {
      hint: "raise limits.maxValueSize if the template is trusted",
    });
  }
}

/** A function, filter, test or loader of the host threw; `cause` holds what. */
export class HostError extends JinjaError {
  constructor(what: string, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super("HostError", `${what}: ${text}`, { cause });
  }
}

/** Shorthand for Python's `TypeError`. */
export const typeError = (message: string): PythonError => new PythonError("TypeError", message);
/** Shorthand for Python's `ValueError`. */
export const valueError = (message: string): PythonError => new PythonError("ValueError", message);

/** For the default of a `switch` over all cases: the compiler sees that it cannot happen. @throws Error always */
export function unreachable(value: never): never {
  throw new Error(`a case was forgotten: ${JSON.stringify(value)}`);
}
