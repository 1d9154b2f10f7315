import { LotseError } from "../../kernel/index.ts";
import type { ConfigSchema } from "../schema/load.ts";

/** The name of the interface that the generated file declares. */
const rootName = "EnvironmentShape";

/**
 * Writes TypeScript types from a workspace's schema. Including the result in a program makes
 * `config.get("database.postgresql")` typed: the file registers its root type with the library.
 *
 * @throws LotseError `schema.unsupported` when the schema cannot be put into types
 */
export async function generateTypes(schema: ConfigSchema): Promise<string> {
  const { compile } = await import("json-schema-to-typescript");
  const plain = structuredClone(schema.value) as Record<string, unknown>;
  plain["title"] = rootName;
  delete plain["$id"];
  let body: string;
  try {
    body = await compile(plain, rootName, {
      bannerComment: "",
      additionalProperties: true,
      unknownAny: true,
      strictIndexSignatures: true,
      $refOptions: { resolve: { external: false } },
      style: { printWidth: 110 },
    });
  } catch (error) {
    throw new LotseError({
      code: "schema.unsupported",
      message: `the schema cannot be written as types: ${error instanceof Error ? error.message : "unknown cause"}`,
      hint: "simplify the part that the message names",
      where: { file: schema.file },
      cause: error,
    });
  }
  return [
    `// Written by \`lotse config types\` from ${schema.file}. Do not edit: write it anew when the schema changes.`,
    "",
    'import "@lotse/core";',
    "",
    body.trim(),
    "",
    'declare module "@lotse/core" {',
    "  interface Register {",
    `    readonly config: ${rootName};`,
    "  }",
    "}",
    "",
  ].join("\n");
}
