import { z } from "zod";

const name = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/u, "use letters, digits, dots, underscores and dashes");

const relativePath = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) => !path.startsWith("/") && !path.split("/").includes(".."),
    "use a path inside the workspace",
  );

const pattern = relativePath.regex(
  /\.(yml|yaml|json|env)$|\.env(\.[^/]*)?$/u,
  "end it in .yml, .yaml, .json or .env",
);

const fileLayer = z.strictObject({
  name: name.describe("how locks, explain and --without call the layer"),
  path: pattern
    .optional()
    .describe("file pattern with {env}, {tenant}, {override}, {tenant.ATTRIBUTE} and *"),
  paths: z.array(pattern).min(1).max(64).optional().describe("several patterns of equal rank"),
  required: z.boolean().default(false).describe("whether a missing file is an error"),
});

const processLayer = z.strictObject({
  name,
  from: z.literal("process-environment"),
  prefix: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*__$/u, "end it in two underscores, such as LOTSE__")
    .default("LOTSE__")
    .describe("variables PREFIX + A__B set the path a.b"),
});

const setLayer = z.strictObject({ name, from: z.literal("set") });

const layer = z.union([
  pattern.describe("short for {path: …}, named after its file"),
  fileLayer,
  processLayer,
  setLayer,
]);

const breakGlass = z.strictObject({
  path: z.string().min(1).max(4096).describe("the locked path, or one above it"),
  environment: name.optional(),
  tenant: name.optional(),
  reason: z.string().trim().min(8, "say why in a few words").max(1000),
  expires: z.iso.date("write the day as YYYY-MM-DD").describe("the last day on which it holds, in UTC"),
});

const positive = z.int().positive();

const limits = z.strictObject({
  "max-file-bytes": positive.max(1024 * 1024 * 1024).default(16 * 1024 * 1024),
  "max-depth": positive.max(500).default(64),
  "max-nodes": positive.max(100_000_000).default(1_000_000),
});

const references = z.strictObject({
  env: z
    .array(z.string().min(1))
    .max(1000)
    .optional()
    .describe("the variables that ${env:…} may read; all if left out"),
  files: z
    .array(relativePath)
    .max(1000)
    .optional()
    .describe("the directories that ${file:…} may read; all but secrets/ if left out"),
});

const app = z.strictObject({
  code: relativePath.describe("the directory whose files are the code of a release"),
  exclude: z
    .array(z.string().min(1).max(256))
    .max(256)
    .default([])
    .describe("names or paths left out of the code"),
  target: z.record(z.string(), z.unknown()).describe("where and how it runs; see docs/release.md"),
});

/** The schema of `lotse.yml`. It gives the types, the errors, `schemas/lotse.json` and the documentation. */
export const workspaceFile = z.strictObject({
  version: z.literal(1),
  name: name.optional(),
  root: relativePath.default("environments").describe("the directory that layer paths start from"),
  schema: relativePath
    .optional()
    .describe("the JSON Schema (2020-12) of a resolved environment, in JSON or YAML"),
  environments: z
    .record(name, z.strictObject({ aliases: z.array(name).max(16).default([]) }).nullable())
    .default({
      dev: { aliases: ["development"] },
      staging: { aliases: [] },
      prod: { aliases: ["production"] },
    }),
  layers: z
    .array(layer)
    .min(1)
    .max(64)
    .optional()
    .describe("lowest first; the tree of the documentation if left out"),
  references: references.default({}),
  limits: limits.default({ "max-file-bytes": 16 * 1024 * 1024, "max-depth": 64, "max-nodes": 1_000_000 }),
  "break-glass": z.array(breakGlass).max(1000).default([]),
  app: app.optional(),
});

/** The content of `lotse.yml` after its defaults were filled in. */
export type WorkspaceFile = z.infer<typeof workspaceFile>;

/** An entry that lifts a lock for a while. */
export type BreakGlass = z.infer<typeof breakGlass>;

/** What a release is made of and where it runs, as `lotse.yml` says it. */
export type AppDefinition = z.infer<typeof app>;
