import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { generateTypes } from "@lotse/core/config";
import type { PrintedTypes } from "@lotse/core/contract";
import { LotseError } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { sessionOf, type CommonOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

/** `lotse config types` */
export function addTypes(parent: Command, context: Context): void {
  leaf(parent, "types", "write TypeScript types from the schema, so that config.get(path) is typed")
    .option("--file <file>", "write to this file instead of standard output")
    .addHelpText("after", "\nExample:\n  lotse config types --file src/environment.d.ts")
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { file?: string }>();
      const { schema } = sessionOf(context, options).engine;
      if (schema === undefined) {
        throw new LotseError({
          code: "schema.unsupported",
          message: "the workspace has no schema to write types from",
          hint: "name one under `schema` in lotse.yml",
          where: { file: "lotse.yml" },
        });
      }
      const types = await generateTypes(schema);
      const file = options.file ?? null;
      if (file !== null) await writeFile(resolve(context.cwd, file), types);
      const value: PrintedTypes =
        file === null ? { schema: schema.file, file, types } : { schema: schema.file, file };
      printResult(context, options.output ?? "table", { value, table: () => (file === null ? types : "") });
    });
}
