import {
  HostError,
  JinjaError,
  LimitError,
  PythonError,
  TemplateNotFound,
  type TraceStep,
} from "@lotse/jinja";
import { isLotseError, LotseError, type ErrorParts, type Where } from "../kernel/index.ts";

/** One step of the way from the rendered template to the place of the failure. */
export interface ChainStep {
  readonly kind: TraceStep["kind"];
  readonly name: string;
  /** Where it was called from. */
  readonly where: Where | undefined;
}

/** A template that cannot be rendered: the place, its line, and through which includes and macros it was reached. */
export class TemplateFailure extends LotseError {
  /** The line of the template and one with a caret below the place; empty where there is none. */
  readonly excerpt: readonly string[];
  /** Includes, imports, macros and blocks that were open, innermost first. */
  readonly chain: readonly ChainStep[];

  constructor(parts: ErrorParts, excerpt: readonly string[] = [], chain: readonly ChainStep[] = []) {
    super(parts);
    this.excerpt = excerpt;
    this.chain = chain;
  }
}

/** What is known about a failure besides the error itself. */
export interface FailureContext {
  /** The template that was asked for. */
  readonly template: string;
  /** Turns a template's name into the path that messages show. */
  readonly label: (name: string) => string;
  /** What to do, where the language's own error does not say. */
  readonly hint: string | undefined;
  /** Whether the values hold secrets: messages quote values, so what they say is left out. */
  readonly withheld: boolean;
}

/**
 * Turns an error of the language into one of Lotse's. Anything else is returned as it is, also where the language has
 * wrapped it: a file that cannot be read.
 */
export function failureOf(error: unknown, context: FailureContext): unknown {
  if (!(error instanceof JinjaError)) return error;
  if (error instanceof HostError && isLotseError(error.cause)) return error.cause;
  const { label, withheld } = context;
  const missing = error instanceof TemplateNotFound;
  const where = error.where === undefined ? { file: label(context.template) } : placeOf(error.where, label);
  const parts: ErrorParts = {
    code: missing ? "template.not-found" : "template.error",
    message: withheld ? withheldMessage(error) : messageOf(error),
    hint: withheld
      ? "render a copy named without .secret: there, secrets are their references, and the message is shown"
      : hintOf(error, context),
    where,
    related: withheld
      ? []
      : error.chain.flatMap((step) => (step.where === undefined ? [] : [placeOf(step.where, label)])),
    // The error of the language quotes values; see `withheld`.
    cause: withheld ? undefined : error,
  };
  const chain = error.chain.map((step) => ({
    kind: step.kind,
    name: step.name,
    where: step.where === undefined ? undefined : placeOf(step.where, label),
  }));
  return new TemplateFailure(parts, excerptOf(error), withheld ? [] : chain);
}

function placeOf(
  { file, line, column }: { file: string; line: number; column?: number },
  label: (name: string) => string,
): Where {
  return { file: label(file), line, ...(column === undefined ? {} : { column }) };
}

function messageOf(error: JinjaError): string {
  if (error instanceof TemplateNotFound) return `there is no template ${error.templates.join(", ")}`;
  return error instanceof PythonError ? `${error.name}: ${error.message}` : error.message;
}

function withheldMessage(error: JinjaError): string {
  return `the template fails with ${error.name} once the secrets are filled in; the message is withheld, as it may quote them`;
}

function hintOf(error: JinjaError, { hint }: FailureContext): string | undefined {
  if (hint !== undefined) return hint;
  // The language's own hint names a setting that only programs have.
  if (error instanceof LimitError) return "look for a loop, include or value that grows without end";
  if (error instanceof TemplateNotFound) return "templates are looked for below one directory; see --root";
  return error.hint ?? "docs/templates.md has the whole language by example";
}

function excerptOf({ where, sourceLine }: JinjaError): readonly string[] {
  if (where === undefined || sourceLine === undefined) return [];
  const gutter = `${where.line} | `;
  const before = sourceLine.slice(0, where.column - 1).replaceAll(/[^\t]/gu, " ");
  return [`${gutter}${sourceLine}`, `${" ".repeat(gutter.length)}${before}^`];
}
