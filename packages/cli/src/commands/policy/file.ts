import { resolve } from "node:path";
import { LotseError, writePrivateFile } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";

/**
 * Writes a report to a file of this user alone, or to standard output.
 *
 * @throws LotseError `policy.report` when the file cannot be written
 */
export async function deliver(context: Context, file: string | undefined, text: string): Promise<void> {
  if (file === undefined) {
    context.out(text);
    return;
  }
  try {
    await writePrivateFile(resolve(context.cwd, file), text, { sync: false });
  } catch (error) {
    throw new LotseError({
      code: "policy.report",
      message: `${file} cannot be written`,
      hint: "name a file in a directory that you may write to",
      cause: error,
    });
  }
  context.err(`written to ${file}\n`);
}
