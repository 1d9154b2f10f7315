import { z } from "zod";
import { workspaceFile } from "../config/index.ts";
import { printed } from "./printed.ts";

/**
 * The published JSON Schemas (draft 2020-12) of what commands print, of `lotse.yml`, and of other files.
 *
 * @param files - the schemas of files that people write, by name. @defaultValue none besides `lotse.yml`
 * @returns file name under `schemas/` to its content
 */
export function jsonSchemas(files: Readonly<Record<string, z.ZodType>> = {}): ReadonlyMap<string, string> {
  const outputs = Object.entries(printed).map(([name, schema]) => [name, schema, "output"] as const);
  const inputs = Object.entries({ lotse: workspaceFile, ...files }).map(
    ([name, schema]) => [name, schema, "input"] as const,
  );
  return new Map(
    [...outputs, ...inputs].map(([name, schema, io]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io });
      const content = { $schema, $id: `https://lotse.dev/schemas/${name}.json`, ...rest };
      return [`${name}.json`, `${JSON.stringify(content, null, 2)}\n`];
    }),
  );
}
