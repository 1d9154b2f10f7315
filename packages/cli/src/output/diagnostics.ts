import type { PrintedDiagnostic } from "@lotse/core/contract";
import { formatWhere, type Diagnostic, type LotseError, type Where } from "@lotse/core/kernel";
import type { Colours } from "../context.ts";

/** Writes a finding for people: where and what on the first line, then further places and what to do. */
export function formatDiagnostic(diagnostic: Diagnostic, colours: Colours): string {
  const { severity, code, message, hint, where, related = [] } = diagnostic;
  const paint = severity === "error" ? colours.red : severity === "warning" ? colours.yellow : colours.cyan;
  const place = formatWhere(where);
  const scope = diagnostic.environment === undefined ? "" : ` (${scopeText(diagnostic)})`;
  const lines = [
    `${place === "" ? "" : `${colours.bold(place)} `}${paint(severity)} ${message}${colours.dim(`${scope} [${code}]`)}`,
  ];
  for (const other of related) lines.push(`    also ${formatWhere(other)}`);
  if (hint !== undefined) lines.push(`    ${colours.cyan("hint:")} ${hint}`);
  return `${lines.join("\n")}\n`;
}

function scopeText({ environment, tenant }: Diagnostic): string {
  return tenant === undefined ? String(environment) : `${environment}:${tenant}`;
}

/** A finding as `-o json` prints it. */
export function printedDiagnostic(diagnostic: Diagnostic): PrintedDiagnostic {
  const { related, ...rest } = diagnostic;
  return {
    ...rest,
    where: { ...rest.where },
    ...(related === undefined ? {} : { related: related.map(copyWhere) }),
  };
}

function copyWhere(where: Where): Where {
  return { ...where };
}

/** Writes an error for people, in the same form as a finding. */
export function formatError(error: LotseError, colours: Colours): string {
  const place = formatWhere(error.where);
  const path =
    error.where?.path !== undefined && place !== error.where.path && !error.message.includes(error.where.path)
      ? ` (${error.where.path})`
      : "";
  const lines = [
    `${colours.bold("lotse:")} ${colours.red("error")} ${error.message}${path} ${colours.dim(`[${error.code}]`)}`,
  ];
  if (place !== "") lines.push(`    at ${place}`);
  for (const other of error.related) lines.push(`    also ${formatWhere(other)}`);
  if (error.hint !== undefined) lines.push(`    ${colours.cyan("hint:")} ${error.hint}`);
  return `${lines.join("\n")}\n`;
}
