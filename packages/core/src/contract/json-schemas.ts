import { z } from "zod";
import { workspaceFile } from "../config/index.ts";
import { printed } from "./printed.ts";

/**
 * The published JSON Schemas (draft 2020-12) of what commands print, and of `lotse.yml`.
 *
 * @returns file name under `schemas/` to its content
 */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const outputs = Object.entries(printed).map(([name, schema]) => [name, schema, "output"] as const);
  return new Map(
    [...outputs, ["lotse", workspaceFile, "input"] as const].map(([name, schema, io]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12", io });
      const content = { $schema, $id: `https://lotse.dev/schemas/${name}.json`, ...rest };
      return [`${name}.json`, `${JSON.stringify(content, null, 2)}\n`];
    }),
  );
}
