import { TemplateFailure } from "@lotse/core/app";
import type { PrintedError } from "@lotse/core/contract";
import { formatWhere, isLotseError, LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { formatError } from "../../output/diagnostics.ts";
import type { Format } from "../../output/result.ts";
import { ExitWith } from "../leaf.ts";

/**
 * Runs a command whose errors may have a place in a template, and shows the line there. With `--format json` errors are
 * JSON as well; the general handler knows of `-o json` alone.
 *
 * @throws ExitWith once the error is printed; what is no LotseError comes through
 */
export async function reportingFailures(
  context: Context,
  format: Format,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!isLotseError(error)) throw error;
    if (format === "json") context.err(`${JSON.stringify(printedError(error), null, 2)}\n`);
    else context.err(failureText(error, context));
    throw new ExitWith(error.exitStatus);
  }
}

function failureText(error: LotseError, { stderrColours }: Context): string {
  if (!(error instanceof TemplateFailure)) return formatError(error, stderrColours);
  // The chain says what `related` says, and more.
  const { code, message, hint, where } = error;
  const head = formatError(new LotseError({ code, message, hint, where }), stderrColours);
  const steps = error.chain.map(({ kind, name, where }) => {
    const from = where === undefined ? "" : ` from ${formatWhere(where)}`;
    return stderrColours.dim(`in ${kind} ${name}${from}`);
  });
  return head + [...error.excerpt, ...steps].map((line) => `    ${line}\n`).join("");
}

function printedError({ code, message, hint, where, related }: LotseError): PrintedError {
  return {
    error: {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(where === undefined ? {} : { where: { ...where } }),
      ...(related.length === 0 ? {} : { related: related.map((place) => ({ ...place })) }),
    },
  };
}
